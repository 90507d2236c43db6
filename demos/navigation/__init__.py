"""Ways through the page: tabs by address, recipes and links, results sent from tab to tab, the visit's history."""
