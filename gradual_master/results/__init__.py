"""From batches to the summary.

    batch ──▶ merging ────────────▶ measures ──────────────────▶ judging ───────────────▶ summary
    columns   layout: where each    totals by phase              objectives               gradual.summary/1
              number belongs        record of an interval        levels, fleet            history
              sums and histograms   time series                  Little's law, saturation
              by place              errors, described failures   verdict

- `merging`: a batch is read once (`ReadBatch`) and becomes a `Contribution`: for each level that it touches a row of
  sums, and histograms. Batches of an open interval are added up to one contribution; what an agent says of itself goes
  to its `AgentTotals`.
- `measures`: a closed interval is added to the `Totals` (by phase), to the levels and to the time series, and is
  written as an `IntervalRecord` for those who show the run while it goes on. Failures are counted, and described by
  examples.
- `judging`: what the run says by the plan's objectives (`ObjectiveRow`), at each level (`LevelRow`), about its
  generator (`FleetReport`, `LittlesLaw`); all of it is the `Evidence` of which the `Verdict` is made.
- `summary`: the document, and the run over time beside it.

`aggregate` holds all that was measured while the run goes on, and is what the rest of the master sees; `facts` is what
the master knows besides; `section` is what every part of the document can do. A room imports only rooms before it, with
one exception: an `IntervalRecord` carries the rows of the objectives.
"""
