"""What the master and the agents share: plan, schedule, slots, histogram, batches, messages.

Nothing here opens a socket, runs an event loop or reads a clock. Of its packages each imports only those above it (and
`clock`, `errors`, `randomness`, `units`):

secrecy      what is masked, and how much of a value a message shows
process      exit codes, logs, standard streams
histogram    buckets, histograms, columns of many
language     documents with line numbers, models and the types of values as people write them, wording
net          URLs, header fields, TLS
security     the join token and the certificates of a fleet
templates    Jinja, bounded
think_times  a module per distribution
kinds        action kinds as the plan sees them; `http` is one
schedule     a module per ramp strategy; slots in order
rules        objectives as they are written
protocol     messages, batches, samples, and their bytes
plan         from YAML to a checked plan and its schedule
"""

__version__ = "0.1.0"
