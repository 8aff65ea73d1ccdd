"""Where examples come from: the catalogue, what a person has, and the doctor that looks at it first."""
