/**
 * The script of the page. It imports the rest, and the rest never imports it: when the page's address
 * has a password in it, so has this script's, and a second import would make a second page of it.
 */
void import("./start.tsx");
