"""Every chart of Gradual, for pages made once and for pages that live: plain tables in, bokeh figures out.

A chart draws no words beside its axes: it comes with its `keys` (what is drawn how), for the page to set as text that
wraps, can be read aloud and can be pressed. Series differ by their dashes too, never by colour alone. The colours of
series are as far from white as from black; ink and grid lines are left to the page, as CSS properties that bokeh reads
(`--bk-major-label-text-color`, `--bk-grid-line-color`), so that one chart fits a light and a dark page.

Charts over time share their range, so that a part of the run that is chosen in one is what all of them show.
"""
