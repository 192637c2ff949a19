/** The Python that clients and others of its world are run by: FORGE_TEST_PYTHON, or python3. */
export const PYTHON = process.env.FORGE_TEST_PYTHON ?? 'python3';
