"""The dashboard's pages: Streamlit only, thin; what starts with an underscore is shared by them."""
