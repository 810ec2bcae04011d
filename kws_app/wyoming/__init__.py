"""kws-wyoming: offers the app's detector to home assistants as a wake word service, over the Wyoming protocol."""
