import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { repositoryRoot } from '../tidy/source-files.ts'

export const rulesPath: string = join(repositoryRoot, 'deploy/prometheus/alerts.yml')

export interface RecordingRule {
  readonly record: string
  readonly expr: string
}

export interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** All rules, in the order in which they stand. */
export function readRules(): { recordings: RecordingRule[]; alerts: AlertRule[] } {
  const file = parse(readFileSync(rulesPath, 'utf8')) as { groups: { rules: (RecordingRule | AlertRule)[] }[] }
  const rules = file.groups.flatMap(group => group.rules)
  return {
    recordings: rules.filter(rule => 'record' in rule),
    alerts: rules.filter(rule => 'alert' in rule),
  }
}
