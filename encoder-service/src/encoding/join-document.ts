/** What an encoder reads of a document: its title and its text, either of which may be empty. */
export function joinDocument({ title, text }: { readonly title: string; readonly text: string }): string {
  return `${title} ${text}`.trim()
}
