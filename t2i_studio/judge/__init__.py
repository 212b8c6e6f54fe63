"""What a picture shows: object, colour, backdrop, podium, position, props and style, by a classifier of our own."""
