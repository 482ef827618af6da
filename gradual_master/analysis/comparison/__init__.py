"""Two sets of runs compared: a baseline A and a candidate B.

The run is the unit. Requests of one run are no independent samples: they share the machine, the caches and the hour. So
a run has one score per metric, the mean over the matched levels of the logarithms of its values, and the effect is the
difference of the mean scores, that is the mean log-ratio (`scores`). With five runs a side its interval is Welch's
(`estimates`), with an exact permutation test beside it (`permutation`). With fewer, blocks of 10 s show the noise
within a run, and the baseline's A/A variation at the same levels that between runs; the result is provisional
(`bootstrap`). `verdicts` has the rules for better, worse, equivalent and inconclusive, `single_levels` finds a
level that breaks by itself, `refusals` what must not be compared, `wording` the sentences, and `compare` puts them
together.

By simulation (`python -m bench comparisons`, 1,000 pairs each, 2 % of noise between runs): equal systems raised no
alarm at 5 against 5 nor at 1 against 1. A slowdown of 10 % was found in 93 % of the pairs (5 against 5) and in 34 %
(1 against 1), one of 20 % in 100 % and 99 %. One of 5 %, the minimum effect itself, was called worse in 5.5 % and in
2.7 %.
"""
