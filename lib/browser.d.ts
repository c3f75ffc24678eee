/** Throws an error that says what to use in a browser. */
declare function browser(): never;

export = browser;
