"""How throughput grows with concurrency: the Universal Scalability Law, Amdahl's law, and the asymptotic bounds.

`analyse.py` puts the parts together; `wording.py` says the result in sentences. SciPy takes half a second to import, so
that it is imported where a fit begins, and nowhere else.
"""
