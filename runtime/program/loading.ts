/** What the loading process says when it is ready and the program's own time begins. */
export const loading = 'loading'
