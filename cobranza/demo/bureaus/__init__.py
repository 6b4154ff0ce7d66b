"""A bureau to practise with: invented reports over HTTP, and whatever can go wrong on the way."""
