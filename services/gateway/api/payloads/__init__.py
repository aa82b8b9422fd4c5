"""What the JSON API takes and gives beyond the contract's own payloads. Personal fields leave masked."""
