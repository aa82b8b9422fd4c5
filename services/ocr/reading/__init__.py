"""From pixels to text: decoding, geometry, quality, and the two-pass reading that every engine's models serve."""
