"""Many nodes on one machine, for load, backlog and fault tests: only what they see is made up.

Claim, outbox, signing, sealing, courier, gallery and protocol are the real ones. `plan` is what was asked for, `boots` the nodes' clocks,
`passes` who walks by, `capture` what is recorded of it, `ledger` what the server's receipts say of that, `node` one of the nodes, `crowd`
all of them in a few processes, `summary` how it went.
"""
