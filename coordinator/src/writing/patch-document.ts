import { parseExactJson } from '@hypershard/common'
import type { StoredDocument } from '@hypershard/storage'
import { type CheckedPut, checkContent, type PutRules } from './check-document.ts'
import type { DocumentPatch } from './operation.ts'

/**
 * The document that a patch leaves of another one, checked as if it had been put whole. While title and text stay as they
 * are the vector does too, where it is known, so that nothing is encoded; one that came from outside stays whatever the text.
 */
export function patchDocument(base: StoredDocument, patch: DocumentPatch, rules: PutRules): CheckedPut {
  const { id } = base
  const title = patch.title === undefined ? base.title : (patch.title ?? '')
  const text = patch.text === undefined ? base.text : (patch.text ?? '')
  const merged = { ...(parseExactJson(base.fields) as Record<string, unknown>), ...patch.fields }
  const fields = Object.fromEntries(Object.entries(merged).filter(([name]) => patch.fields[name] !== null))
  const isOfText = rules.vectors?.external !== true
  const keeps = !isOfText || (title === base.title && text === base.text)
  const vector = patch.vector ?? (keeps ? base.vector : undefined)
  return checkContent({ id, title, text, fields, vector }, rules)
}
