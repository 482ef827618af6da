"""From batches to the summary.

    batch ──▶ merging ────────────▶ measures ──────────────────▶ judging ───────────────▶ summary
    columns   layout: where each    totals by phase              objectives               gradual.summary/1
              number belongs        record of an interval        levels, fleet            history
              sums and histograms   time series                  Little's law, saturation
              by scope              errors, described failures   verdict

- `merging`: a batch is read once (`ReadBatch`) and becomes a `Contribution`: for each level that it touches a row of
  sums, and histograms. Batches of an open interval are added up to one contribution; what an agent reports about itself
  goes to its `AgentTotals`.
- `measures`: a closed interval is added to the `Totals` (by phase), to the levels and to the time series, and is
  written as an `IntervalRecord` for live displays and reporters. Failures are counted, and described by
  examples.
- `judging`: the results of the plan's objectives (`ObjectiveRow`), at each level (`LevelRow`), about its
  generator (`FleetReport`, `LittlesLaw`); all of it is the `Evidence` of which the `Verdict` is made.
- `summary`: the document, and the run over time beside it.

`aggregate` holds all measurements during the run, and is the interface for the rest of the master. `facts` is what the
master knows besides measurements. `section` is the base class of every part of the document. A package imports only
packages before it, with one exception: an `IntervalRecord` carries the rows of the objectives.
"""
