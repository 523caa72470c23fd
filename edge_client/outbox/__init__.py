"""The outbox: what the node has recorded, until the server has it for good.

`store.Outbox` is capture's side and alone inserts; `delivery.Deliveries` is courier's side and leases and removes;
`status`, `export` and `retry` are for people. Below them: `rows` and `states` say what lies in the tables of `migrations`, `pen`
numbers and signs, `crops` holds the images; `opening`, `first_look`, `repair` and `salvage` see to it that what is opened is what
was written; `shed`, `reserve` and `limits` keep a card from filling up; `renumber` mends a card that was rolled back or cloned.
"""
