"""Grafana's dashboards as typed code, one per audience.

    python -m deploy.dashboards            # writes deploy/helm/borgerting/files/dashboards/*.json
    python -m deploy.dashboards --check    # fails when one of them is stale

Every expression is run by tests/e2e/demo against a real Prometheus that scraped the demonstration.
"""
