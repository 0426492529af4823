"""Deliveries shaped as the platforms send them, and the context files that know their resources.

Every builder takes the few things a test varies as keywords; the rest is one public bucket that holds personal data,
`acme-payments-<name>` in account 012345678901, which all three platforms report in their own words.
"""

ACCOUNT = "012345678901"
PAYMENTS = "acme-payments-exports"


def wiz_issue(issue_id="7d0f3c52-0001", *, bucket=PAYMENTS, account=ACCOUNT, status="OPEN", severity="CRITICAL",
              trigger=None, control="Publicly exposed bucket with PII and PCI data", description=None, **issue):
    """The default template of Wiz's Issue webhook: projects is one string, severity differs from the control's."""
    kinds = {"OPEN": "Created", "RESOLVED": "Resolved"}
    return {
        "trigger": {"source": "ISSUE", "type": trigger or kinds.get(status, "Updated"), "ruleId": "rule-1",
                    "ruleName": "issues to dossier", "updatedFields": "", "changedBy": ""},
        "issue": {"id": issue_id, "status": status, "severity": severity,
                  "created": "2026-03-04T08:15:30.123456789Z", "projects": "Ledger, Payments EU, ", **issue},
        "resource": {"id": f"arn:aws:s3:::{bucket}", "name": bucket, "type": "bucket", "cloudPlatform": "AWS",
                     "subscriptionId": account, "subscriptionName": "acme-prod", "region": "eu-central-1",
                     "status": "Active", "cloudProviderURL": f"https://s3.console.aws.amazon.com/s3/buckets/{bucket}"},
        "control": {"id": "wc-id-9001", "name": control,
                    "description": description or "A bucket that anyone can read holds personal and card data.",
                    "severity": "HIGH", "risks": ["EXTERNAL_EXPOSURE"]},
    }


def prisma_alert(alert_id="P-1001", *, bucket=PAYMENTS, account=ACCOUNT, status="open", severity="high",
                 policy="AWS S3 bucket publicly readable", **alert):
    """One element of the array that Prisma Cloud's webhook channel posts: times in ms, an RRN, tags as pairs."""
    return {
        "alertId": alert_id, "alertStatus": status, "alertTs": 1772611200000, "firstSeen": 1772524800000,
        "lastSeen": 1772611200000, "alertRuleName": "all", "alertRuleId": "ar-1", "severity": severity,
        "policyName": policy, "policyId": "pol-1", "policyType": "config",
        "policyDescription": "S3 buckets must not be readable by everybody.",
        "policyRecommendation": "Turn on S3 Block Public Access.", "policyLabels": ["PII data", "Prisma_Cloud"],
        "complianceMetadata": [{"standardName": "PCI DSS v4.0", "sectionId": "1.4.4"}],
        "accountName": "acme-prod", "accountId": account, "cloudType": "aws", "resourceId": bucket,
        "resourceName": bucket, "resourceType": "STORAGE_BUCKET", "resourceRegion": "AWS Frankfurt",
        "resourceRegionId": "eu-central-1",
        "resource": {"rrn": f"rrn:aws:storageBucket:eu-central-1:{account}:9f8e7d:{bucket}", "name": bucket,
                     "id": bucket},
        "tags": [{"key": "env", "value": "prod"}],
        "callbackUrl": f"https://app.prismacloud.example/alerts/{alert_id}", "source": "Prisma Cloud",
        "reason": "NEW_ALERT", **alert,
    }


def orca_alert(alert_id="orca-7001", *, bucket=PAYMENTS, account=ACCOUNT, status="open", risk_level="critical",
               title="S3 bucket with public access", **alert):
    """Orca's flat alert: the id in `state`, tags as `key|value`, and a legacy score in which 1 is the worst."""
    return {
        "type": "aws_s3_public", "type_string": title, "rule_id": "r0001", "category": "Data at risk",
        "description": title, "details": "Anyone on the internet can read the bucket.",
        "recommendation": "Block public access.", "alert_labels": ["mitre: exfiltration", "PII-Email"],
        "asset_unique_id": f"AwsS3Bucket_{account}_{bucket}", "asset_vendor_id": f"arn:aws:s3:::{bucket}",
        "asset_name": bucket, "asset_type": "storage", "asset_type_string": "AWS S3 Bucket",
        "asset_category": "Storage", "asset_labels": ["internet_facing"], "asset_regions": ["eu-central-1"],
        "asset_tags_info_list": ["env|prod"], "cloud_provider": "aws", "cloud_vendor_id": account,
        "cloud_account_id": "5f1c59f5-7c6c-4a56-a6ff-000000000000", "account_name": "acme-prod",
        "related_compliances": ["GDPR v1"],
        "state": {"alert_id": alert_id, "status": status, "created_at": "2026-03-01T02:56:19+00:00",
                  "last_seen": "2026-03-04T02:56:19+00:00", "score": 1, "severity": "imminent compromise",
                  "orca_score": 9.2, "risk_level": risk_level},
        "configuration": {"user_status": status}, **alert,
    }


def generic_event(event_id="G-1", *, bucket=PAYMENTS, severity="high", status="open",
                  title="Bucket is publicly readable", **event):
    """What the `generic` source of `default_config` maps: any other platform's JSON."""
    return {"uid": event_id, "name": title, "text": "Anyone can read it.", "level": severity, "state": status,
            "asset": {"arn": f"arn:aws:s3:::{bucket}", "name": bucket, "kind": "bucket"},
            "where": {"cloud": "aws", "account": ACCOUNT, "region": "eu-central-1"},
            "labels": ["pii"], "reach": "public", **event}


GENERIC_MAP = {
    "id": "/uid", "title": "/name", "description": "/text", "severity": "/level", "status": "/state",
    "resource.id": "/asset/arn", "resource.name": "/asset/name", "resource.type": "/asset/kind",
    "cloud": "/where/cloud", "account": "/where/account", "region": "/where/region", "data": "/labels",
    "exposure": "/reach",
}

IDENTITY = {
    "people": [
        {"id": "alice", "name": "Alice Ngo", "email": "alice@acme.example", "manager": "bob",
         "department": "Payments", "groups": ["payments-admins"]},
        {"id": "bob", "name": "Bob Achterberg", "email": "bob@acme.example", "department": "Payments"},
    ],
    "owners": [
        {"match": {"resource": "arn:aws:s3:::acme-payments-*"}, "owner": "alice"},
        {"match": {"name": "acme-payments-*"}, "owner": "alice"},
        {"match": {"account": ACCOUNT}, "owner": "bob"},
    ],
    "access": [
        {"match": {"name": "acme-payments-*"},
         "principals": [{"id": "role/payments-etl", "kind": "role", "level": "write"},
                        {"id": "*", "kind": "anyone", "level": "read"}]},
    ],
}

CMDB = {
    "items": [
        {"match": {"name": "acme-payments-*"}, "business_unit": "Payments", "application": "Ledger",
         "environment": "prod", "criticality": "critical", "owner": "alice", "support_group": "payments-oncall"},
    ],
}
