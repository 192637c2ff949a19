/** How far a source has been read: an object of its own making that JSON can hold. */
export type Cursor = Readonly<Record<string, unknown>>;
