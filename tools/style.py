"""Palette and matplotlib settings of every figure, once.

Figures are drawn in the light scheme. `LIGHT` and `DARK` have the same keys, so the
finished SVG can name a colour by its key and the page decides which scheme it shows.
"""

# Dark enough for 4.5:1 on the page's background, also as text (direct labels).
LIGHT = {
    "c0": "#0b62ad",  # blue
    "c1": "#b8430a",  # vermilion
    "c2": "#00776a",  # teal
    "c3": "#9c2f80",  # magenta
    "c4": "#7f5b00",  # ochre
    "c5": "#5b616b",  # grey
    "ink": "#20242b",  # text, axes
    "grid": "#d4d8de",
}
DARK = {
    "c0": "#74b6f5",
    "c1": "#f6996a",
    "c2": "#55cbb2",
    "c3": "#e893cf",
    "c4": "#ddb354",
    "c5": "#b3b9c3",
    "ink": "#e3e6ec",
    "grid": "#454b57",
}

# A matplotlibrc file takes colours without "#", which would start a comment there.
_RC = {name: colour.lstrip("#") for name, colour in LIGHT.items()}
_CYCLE = ", ".join(f"'{_RC[f'c{i}']}'" for i in range(6))

# In the syntax of a matplotlibrc file, so that one file serves the workers that draw
# figures and the kernel that runs notebooks (both read the variable MATPLOTLIBRC).
MATPLOTLIBRC = f"""\
axes.prop_cycle: cycler('color', [{_CYCLE}]) + \
cycler('linestyle', ['-', '--', '-.', ':', (0, (5, 1, 1, 1, 1, 1)), '-'])
axes.edgecolor: {_RC["ink"]}
axes.labelcolor: {_RC["ink"]}
axes.grid: True
axes.axisbelow: True
axes.spines.top: False
axes.spines.right: False
axes.titlelocation: left
axes.titlesize: 10
axes.titleweight: bold
axes.titlecolor: {_RC["ink"]}
axes.labelsize: 9
axes.linewidth: 0.8
axes.facecolor: none
figure.facecolor: none
font.size: 9
figure.figsize: 5.5, 3.4
figure.constrained_layout.use: True
grid.color: {_RC["grid"]}
grid.linewidth: 0.6
legend.frameon: False
legend.fontsize: 9
lines.linewidth: 1.8
patch.edgecolor: {_RC["ink"]}
savefig.transparent: True
svg.fonttype: none
svg.hashsalt: criterion
text.color: {_RC["ink"]}
xtick.color: {_RC["ink"]}
ytick.color: {_RC["ink"]}
xtick.labelsize: 9
ytick.labelsize: 9
"""


def css() -> str:
    """The palette as CSS variables, `--plot-c0` and so on, in both schemes.

    On paper a dark page is a light one.
    """
    light, dark = (
        "".join(f"--plot-{key}:{colour};" for key, colour in palette.items())
        for palette in (LIGHT, DARK)
    )
    slate = f"[data-md-color-scheme=slate]{{{dark}}}"
    return f":root{{{light}}}@media screen{{{slate}}}"
