"""The plane as a PNG without a browser: the heat-map of D, real points and potential outliers, drawn by Pillow."""

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from sogaal import figures
from sogaal.figures import PlaneInfo, Scene
from sogaal.planes import feature_plane, pca_plane

FloatArray = npt.NDArray[np.float32]

# Of the plot's longer side and of all around it, in pixels.
SIDE = 480
LEFT, RIGHT, TOP, BOTTOM = 56, 14, 62, 44
_FONT = 14
_SHADES = 64


def default_scene(X: FloatArray, y: npt.NDArray[np.integer] | None, names: Sequence[str]) -> Scene:
    """The real points ``X`` (n, d), scaled, in the plane that tells most: of both features, or the PCA's.

    ``y`` (n,): 1 = outlier, or None. ``names``: the d features'.
    """
    plane = feature_plane(X, 0, 1, names) if X.shape[1] == 2 else pca_plane(X)
    return figures.make_scene(X, y, plane)


def plane_png(info: PlaneInfo, title: str) -> tuple[bytes, int, int]:
    """The frame that ``info`` describes as a PNG in light colours: (its bytes, width, height in pixels)."""
    width, height = LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM
    image = Image.new("RGB", (width, height), "white")
    if info.heat is not None:
        image.paste(_heat(info.heat), (LEFT, TOP))
    # Points are drawn three times as large and made smaller: Pillow has no smooth edges of its own.
    points = _points(info, 3).resize((SIDE, SIDE), Image.Resampling.BOX)
    image.paste(points, (LEFT, TOP), points)
    _frame(ImageDraw.Draw(image), info, title)
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue(), width, height


def _heat(heat: FloatArray) -> Image.Image:
    smooth = Image.fromarray(heat[::-1].astype(np.float32)).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return Image.fromarray(_shades()[np.rint(np.asarray(smooth) * (_SHADES - 1)).clip(0, _SHADES - 1).astype(np.uint8)])


def _shades() -> npt.NDArray[np.uint8]:
    """The colours of D from 0 to 1. Few: the file is half as large, and no eye sees it."""
    stops = figures.theme().heat
    places, colours = [place for place, _ in stops], np.array([_rgb(colour) for _, colour in stops])
    at = np.linspace(0, 1, _SHADES)
    shades = np.stack([np.interp(at, places, channel) for channel in colours.T], axis=1)
    return np.asarray(np.rint(shades), dtype=np.uint8)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _pixels(info: PlaneInfo, uv: FloatArray, side: int) -> list[tuple[float, float]]:
    view = info.view
    inside = uv[view.holds(uv)]
    x = (inside[:, 0] - view.x0) / (view.x1 - view.x0) * side
    y = (view.y1 - inside[:, 1]) / (view.y1 - view.y0) * side
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _points(info: PlaneInfo, factor: int) -> Image.Image:
    colours, side = figures.theme(), SIDE * factor
    image = Image.new("RGBA", (side, side), (255, 255, 255, 0))
    draw = ImageDraw.Draw(image)
    small = 1.8 if len(info.scene.inliers) > 1500 else 2.4
    for x, y in _pixels(info, info.scene.inliers, side):
        _dot(draw, x, y, small * factor, (*_rgb(colours.inlier), 165), None)
    for x, y in _pixels(info, info.generated, side):
        _dot(draw, x, y, 3.1 * factor, (*_rgb(colours.generated), 235), factor)
    for x, y in _pixels(info, info.scene.outliers, side):
        _cross(draw, x, y, 4.2 * factor, "white", 4 * factor)
        _cross(draw, x, y, 4.2 * factor, colours.outlier, round(2.4 * factor))
    return image


def _dot(
    draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, fill: tuple[int, int, int, int], rim: int | None
) -> None:
    box = (x - radius, y - radius, x + radius, y + radius)
    draw.ellipse(box, fill=fill, outline=None if rim is None else (255, 255, 255, 235), width=rim or 0)


def _cross(draw: ImageDraw.ImageDraw, x: float, y: float, reach: float, colour: str, width: int) -> None:
    draw.line((x - reach, y - reach, x + reach, y + reach), fill=colour, width=width)
    draw.line((x - reach, y + reach, x + reach, y - reach), fill=colour, width=width)


def _frame(draw: ImageDraw.ImageDraw, info: PlaneInfo, title: str) -> None:
    """Border, the views' ends at the axes, their names, the title and the key."""
    colours, view = figures.theme(), info.view
    small, large = ImageFont.load_default(_FONT - 1), ImageFont.load_default(_FONT + 2)
    right, bottom = LEFT + SIDE, TOP + SIDE
    draw.rectangle((LEFT, TOP, right, bottom), outline="#C3C8CE")
    draw.text((LEFT, 10), title, fill=colours.ink, font=large)
    across, up = info.scene.plane.labels
    for x, value, anchor in ((LEFT, view.x0, "la"), (right, view.x1, "ra")):
        draw.text((x, bottom + 5), f"{value:.3g}", fill=colours.muted, font=small, anchor=anchor)
    for y, value, anchor in ((bottom, view.y0, "rd"), (TOP, view.y1, "ra")):
        draw.text((LEFT - 5, y), f"{value:.3g}", fill=colours.muted, font=small, anchor=anchor)
    draw.text(((LEFT + right) / 2, bottom + 22), _short(across), fill=colours.muted, font=small, anchor="ma")
    label = Image.new("L", (SIDE, _FONT + 6), 0)
    ImageDraw.Draw(label).text((SIDE / 2, 2), _short(up), fill=255, font=small, anchor="ma")
    upright = label.rotate(90, expand=True)
    draw.bitmap((8, TOP), upright, fill=colours.muted)
    _key(draw, info, small)


def _short(text: str) -> str:
    return text if len(text) <= 50 else text[:47] + "..."


def _key(draw: ImageDraw.ImageDraw, info: PlaneInfo, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> None:
    colours, labelled = figures.theme(), info.scene.labelled
    signs = [("real inliers" if labelled else "real points", colours.inlier)]
    if labelled:
        signs.append(("real outliers", colours.outlier))
    if info.heat is not None:
        signs.append(("potential outliers", colours.generated))
    x, y = float(LEFT), 42
    for name, colour in signs:
        if name == "real outliers":
            _cross(draw, x + 5, y + 7, 4, colour, 2)
        else:
            _dot(draw, x + 5, y + 7, 4, (*_rgb(colour), 255), None)
        draw.text((x + 15, y), name, fill=colours.ink, font=font)
        x += 15 + draw.textlength(name, font=font) + 18
    if info.heat is not None:
        _scale(draw, font)


def _scale(draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> None:
    """D's colours at the right of the title."""
    colours, right, y, wide = figures.theme(), LEFT + SIDE, 12, 72
    shades = _shades()
    for x in range(wide):
        shade = tuple(shades[x * len(shades) // wide].tolist())
        draw.line((right - 14 - wide + x, y + 1, right - 14 - wide + x, y + 12), fill=shade)
    draw.text((right, y), "1", fill=colours.muted, font=font, anchor="ra")
    draw.text((right - 14 - wide - 6, y), "D(x)  0", fill=colours.muted, font=font, anchor="ra")
