// The texts of scripts in the page's language. `gettext` and `ngettext` are the names that catalogues are gathered by;
// a page in the source's own language loads no catalogue.

const catalogue = globalThis.django?.gettext ? globalThis.django : null;

/** Return a text in the page's language. */
export const gettext = (text) => catalogue ? catalogue.gettext(text) : text;

/** Return the text for a number in the page's language. */
export const ngettext = (one, many, number) => catalogue ? catalogue.ngettext(one, many, number) : number === 1 ? one : many;

/** Put values into the places of a text, as in "Unit %(unit)s". */
export const fill = (text, values) => text.replaceAll(/%\((\w+)\)s/g, (whole, name) => values[name] ?? whole);
