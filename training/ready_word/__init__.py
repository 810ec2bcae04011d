"""Makes all networks of a word that ships: the word's expert teaches them, on every hour of talk in the data folder."""
