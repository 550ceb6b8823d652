import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { repositoryRoot } from '../tidy/source-files.ts'

/** What these tests read of a service of a compose file. */
export interface ComposeService {
  readonly image: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly mem_limit?: string
  readonly privileged?: boolean
  readonly networks?: readonly string[] | Readonly<Record<string, { readonly aliases?: readonly string[] }>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly deploy?: {
    readonly resources: {
      readonly reservations: { readonly devices: readonly { readonly device_ids: readonly string[] }[] }
    }
  }
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>
  readonly networks?: Readonly<Record<string, { readonly internal?: boolean }>>
  readonly volumes?: Readonly<Record<string, object>>
}

/** A compose file of deploy/ as it is with no variable set: every `${NAME:-value}` is the value. */
export function readCompose(name: string): ComposeFile {
  const text = readFileSync(join(repositoryRoot, 'deploy', name), 'utf8')
  return parse(withDefaults(text), { merge: true }) as ComposeFile
}

export function withDefaults(text: string): string {
  return text.replace(/\$\{\w+:-([^}]*)\}/g, '$1')
}
