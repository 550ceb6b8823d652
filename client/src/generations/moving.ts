/** Whether the aliases of a name that moves move along, as the API asks it. */
export function moving(aliases: boolean): { readonly move_aliases: string | undefined } {
  return { move_aliases: aliases ? 'true' : undefined }
}
