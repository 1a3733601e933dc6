"""Chapter 4: from GAN to detector. Potential outliers, the reference distribution, active learning, when to stop G."""

import streamlit as st

from pages import _learn_agpo, _learn_tables, _server
from pages import _learn_parts as _learn
from sogaal.jobs import Job
from sogaal.lessons.endings import Ending, ending
from sogaal.outcomes import history_arrays

TABLE, EPOCHS = "onecluster", 3000
LATE = 2000
NUMBERS = ("AUC at stop", "AUC at end", "D's loss at stop")
STOPS = (50, 100, 200, 300, 500, 1000, 1500, 2000, 2500)
ANSWERS = {
    "rises": "It keeps rising: the closer G's points come, the more D learns.",
    "stays": "It rises and stays at its best.",
    "falls": "It rises and falls again: D loses what tells them apart.",
}
CHECKS = {
    "agpo_said": "I said which reference teaches D better in 20 features.",
    "agpo_ran": "I trained both.",
    "agpo_moved": "I moved the number of features.",
    "agpo_looked": "I looked where G's points are earlier or later.",
    "tables_said": "I said how it goes on digits.",
    "tables_ran": "I saw both on digits.",
    "tables_moved": "I looked at another table.",
    "stop_said": "I said what becomes of the AUC if G trains on.",
    "stop_ran": "I trained a run and saw where its points went.",
    "stop_moved": "I trained one with another stop.",
}


def _idea() -> None:
    st.markdown(
        """
Nobody here wants G's points for their own sake. **D is the detector**, and G is thrown away when D has learned.

All one assumes is that outliers come about in another way than the bulk: their distribution is not that of the normal
rows. So D is taught to tell the table's rows from *something else*, points known as **potential outliers**. They need
not be outliers; they need to stand where rows are rare, so that a boundary has to be drawn about the rows. As many are
made as there are rows in a batch: the classes are even, and nobody labelled anything.

What that something else is decides everything. Let $p$ be the density of the rows and $q$ that of the potential
outliers, the **reference distribution**. The D with the lowest cross-entropy (Goodfellow et al. 2014, section 4) is
"""
    )
    st.latex(r"D^*(x) = \frac{p(x)}{p(x) + q(x)}")
    st.markdown(
        """
D ranks rows by $p/q$. If $q$ is **uniform** over the data's range, that is by how dense the rows are: just what one
wants, and an old idea, *artificially generated potential outliers* (**AGPO**). No G is needed: draw noise, train D.
"""
    )


def _dimensions() -> None:
    st.markdown(
        """
### Why uniform noise falls short in high dimension

The formula holds for the best D there can be. A real one sees some hundred points of $q$ a batch, and with each
feature the space grows faster than any number of points can fill it. A ball that touches the sides of the cube
$[0,1]^d$ fills 0.785 of it in two features, 0.0025 in ten. Nearly every uniform point lies in the corners, far from all
rows: D tells it apart at a glance and learns little of where the rows end.
"""
    )
    _learn_agpo.dimensions()
    if _learn.done("agpo_ran"):
        st.markdown(
            """
**Noise does not fail outright, it teaches slowly.** What G's points teach in a few hundred steps, noise teaches in a
thousand or more, and the more features, the longer. Both runs of a pair have the same rows, noise and start; only that
G's points *move* tells them apart. They need not be near the rows for that: after 600 steps they have hardly come
closer.

Look again after 2,000 steps. Up to ten features G's points have come nearly as close as the rows then. In 20 and more
they drift off to one side instead, and what D has learned goes with them, while noise goes on teaching. Measured here,
the paper's claim that AGPO fails in high dimension holds for a given number of steps, not for good. Nor is G a cure for
50 features.
"""
        )
    _learn_tables.tables()


def _active() -> None:
    st.markdown(
        """
### What is active about it

In **active learning** a learner does not take labelled examples as they come; it asks for the labels of those that
would teach it most, mostly near its boundary. The second half of SO-GAAL's name, *generative adversarial active
learning*, turns that about: G does not choose examples, it **makes** them. D's gradient tells G where points still pass
for real, G's points go there, and D has to draw its line anew. Nobody need be asked for the label: a generated point
has 0. So a point can teach more than one that was drawn blindly.

### When to stop G

G's own aim is the end of it. The better it plays, the closer $q$ comes to $p$, and
"""
    )
    st.latex(r"q \to p \quad\Rightarrow\quad D^*(x) \to \tfrac12 \ \text{ for every } x")
    st.markdown(
        f"""
Then D cannot tell anything from anything. The game is worth most on the way: G's points close about the rows, not yet
among them. So G is stopped after `stop_epochs`, and D is kept as it is then, or trained on against points that stand
still. Here a run of {EPOCHS:,} epochs on `{TABLE}` in which you say when G stops.
"""
    )


def _stop() -> None:
    _learn.predict("stop", f"G trains for {LATE:,} of {EPOCHS:,} epochs. What does the AUC do until then?", ANSWERS)
    epochs = LATE
    if "controls" not in _learn.hidden():
        epochs = st.select_slider("Stop G after (epochs)", STOPS, LATE, key="stop_epochs")
    config = _learn.setup("post", stop_epochs=epochs, max_epochs=EPOCHS)
    job = _learn.experiment("stop", f"Train, G stops after {config.stop_epochs:,} epochs", _server.table(TABLE), config)
    if job is not None:
        _stopped(job)


def _stopped(job: Job) -> None:
    snapshot = job.snapshot()
    history = snapshot.history
    seen = ending(history_arrays(history), snapshot.stop_step)
    if seen.auc_stop is None or seen.auc_end is None or snapshot.stop_step is None:
        st.info("In this run G does not stop, or there are no labels: nothing to compare.", icon=":material/info:")
        return
    while_game = history.auc[history.eval_step <= snapshot.stop_step]
    best = int(while_game.argmax())
    before = float(while_game[best])
    answer = "falls" if before - seen.auc_stop > 0.05 else "rises" if best >= 0.95 * len(while_game) else "stays"
    real, fake = (float(column[snapshot.stop_step - 1]) for column in (history.d_real, history.d_fake))
    words = (
        f"The AUC was {before:.3f} at best, at step {history.eval_step[best]:,}; it is {seen.auc_stop:.3f} when G "
        f"stops (step {snapshot.stop_step:,}) and {seen.auc_end:.3f} at the end. When G stops, D gives real rows "
        f"{real:.2f} and G's points {fake:.2f} on average."
    )
    if job.config.stop_epochs == LATE:
        _learn.verdict("stop", answer, ANSWERS, words)
        st.markdown(
            "In theory both of D's answers come to rest at .5. In a real run they swing about it: G's points crowd "
            "together and wander past the rows, and D turns its line after them. Try an earlier stop."
        )
    else:
        _learn.tick("stop_moved")
        st.info(words, icon=":material/info:")
    _stops(job, seen)


def _stops(job: Job, seen: Ending) -> None:
    tries: dict[int, dict[str, float | int | None]] = st.session_state.setdefault("learn_stops", {})
    tries[job.config.stop_epochs] = {
        "stop_epochs": job.config.stop_epochs,
        **dict(zip(NUMBERS, (seen.auc_stop, seen.auc_end, seen.d_loss_stop), strict=True)),
    }
    st.dataframe(
        [tries[epochs] for epochs in sorted(tries)], hide_index=True, height="content",
        column_config={name: st.column_config.NumberColumn(format="%.3f") for name in NUMBERS},
        alt="AUC at the stop and at the end for every stop tried",
    )  # fmt: skip
    st.caption(
        "Every stop you have tried, one seed each; ln 2 = 0.693 is the loss of a D that cannot tell. Without labels "
        "nobody sees the AUC: chapter 7 has the authors' rule for that, read off G's loss."
    )


def chapter() -> None:
    """Draw the chapter."""
    _idea()
    _dimensions()
    _active()
    _stop()
    st.caption(
        "Sources: Goodfellow et al., *Generative Adversarial Networks*, 2014, arXiv 1406.2661; Liu et al., *Generative "
        "Adversarial Active Learning for Unsupervised Outlier Detection*, TKDE 2019, arXiv 1809.10816."
    )
    _learn.checklist(CHECKS)
