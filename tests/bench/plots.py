"""Draws the figures as SVG that can be read on white and on black: no background, one grey for words."""

INK = "#808890"
OURS = "#2f81f7"
FLOOR = "#9aa4ae"


def draw(out, found, titles, names):
    """One plot a group that has floors, beside the figures. Says so where matplotlib is not there."""
    try:
        import matplotlib
    except ImportError:
        print("there are no plots: matplotlib is not there (python3 -m pip install matplotlib)")
        return
    matplotlib.use("svg")
    matplotlib.rcParams.update({
        "svg.hashsalt": "fargate", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK,
        "ytick.color": INK,
    })
    from matplotlib import pyplot
    for group, title in titles.items():
        cases = found[group]
        if len(cases) < 2:
            continue
        labels = [names.get(name, name) for name in cases]
        middles = [each["cpu_ns"]["median"] / 1000 for each in cases.values()]
        below = [middle - each["cpu_ns"]["low"] / 1000 for middle, each in zip(middles, cases.values())]
        above = [each["cpu_ns"]["high"] / 1000 - middle for middle, each in zip(middles, cases.values())]
        figure, axes = pyplot.subplots(figsize=(8, 0.8 + 0.45 * len(cases)))
        axes.barh(labels, middles, xerr=[below, above], ecolor=INK, color=[OURS if name == "ours" else FLOOR for name in cases])
        axes.invert_yaxis()
        for place, middle in enumerate(middles):
            axes.annotate(f" {middle:,.1f} µs", (middle + above[place], place), va="center")
        axes.margins(x=0.15)
        axes.set_xlabel("µs of CPU, median and quartiles")
        figure.suptitle(title, x=0.01, ha="left", fontsize=10)
        save(figure, out / f"{group}.svg")
    if "agents" in found:
        draw_growth(pyplot, out, found["agents"]["growth"])
    pyplot.close("all")


def draw_growth(pyplot, out, growth):
    """What one run takes, over how many there are of something. What is done once is shared by all of them."""
    figure, all_axes = pyplot.subplots(1, len(growth), figsize=(8, 2.6), sharey=True, width_ratios=[len(taken) for taken in growth.values()])
    for axes, (name, taken) in zip(all_axes, growth.items()):
        counts = [int(count) for count in taken]
        axes.plot(counts, list(taken.values()), "o-", color=OURS, markersize=4)
        axes.set_xscale("log")
        axes.set_xticks(counts, [f"{count:,}" if count < 1000 else f"{count // 1000}k" for count in counts])
        axes.minorticks_off()
        axes.margins(x=0.15)
        axes.set_xlabel(name)
        for count, used in zip(counts, taken.values()):
            axes.annotate(f"{used:,.0f}", (count, used), xytext=(2, 5), textcoords="offset points", fontsize=8)
    all_axes[0].set_ylim(bottom=0)
    all_axes[0].set_ylabel("µs of CPU")
    figure.suptitle("CPU of one flow run, over how many runs, definitions and labels there are; starting up is shared among them", x=0.01, ha="left", fontsize=10)
    save(figure, out / "growth.svg")


def save(figure, place):
    for axes in figure.axes:
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(place, transparent=True, metadata={"Date": None})
    place.write_text("".join(line.rstrip() + "\n" for line in place.read_text().splitlines()))
