"""The desks of the demo bank beside its accounts: orders, risk, report jobs, events, prices and documents.

Each desk that can be overloaded has one bottleneck whose capacity is known: a queue before one or more servers with
constant service times (`station`). A desk decides at once, in order of arrival, and says when its answer is ready.
"""
