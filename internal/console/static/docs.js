// Addresses of the documentation. They open on GitHub, when the user selects them.

/** base is the folder of the documentation. */
export const base = "https://github.com/partner-center/connector/blob/main/docs/";

/** errorPage returns the address of the row of a code. */
export const errorPage = (code) => `${base}errors.md#${code}`;
