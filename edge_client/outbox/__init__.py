"""The outbox: what the node has recorded, until the server has it for good.

`store.Outbox` is capture's side and alone inserts; `delivery.Deliveries` is courier's side and leases and removes;
`status` only reads. `schema` opens the database, `crops` holds the images, `salvage` what is left of a damaged one.
"""
