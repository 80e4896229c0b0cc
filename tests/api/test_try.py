def test_x(client):
    import json

    r = client.post(
        "/v1/suggestions",
        json={"narratives": [{"text": "They were evicted from the apartment. The baby slept on the couch."}]},
    )
    print(r.status_code, json.dumps(r.json(), indent=1)[:3000])
    for p in [
        "/live",
        "/ready",
        "/metrics",
        "/v1/bundles",
        "/v1/bundles/starter",
        "/v1/taxonomies",
        "/v1/taxonomies/io-themes",
        "/v1/taxonomies/io-themes/1.0.0",
        "/docs",
        "/docs/start.js",
        "/docs/assets/swagger-ui.css",
        "/",
        "/openapi.json",
    ]:
        r = client.get(p)
        print(p, r.status_code, r.headers, r.text[:700])
    print(client.get("/metrics").text)
