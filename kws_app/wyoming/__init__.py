"""kws-wyoming: the app's detector as a wake word service for home assistants, over the Wyoming protocol."""
