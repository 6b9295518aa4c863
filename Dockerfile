# Build: docker build -t permdex .   Run: docker compose up

FROM rust:1.95-slim-bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /build
COPY . .
# The caches stay out of the image; hence the copy in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin permdex && cp target/release/permdex /permdex

FROM debian:bookworm-slim
# PostgreSQL is a service of its own in a container: no private cluster here, hence no server binaries. TLS roots are
# for an Elasticsearch or identity provider with a public certificate; curl is for the health check.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /var/lib/permdex --create-home permdex
COPY --from=build /permdex /usr/local/bin/permdex
USER 10001:10001
WORKDIR /var/lib/permdex
VOLUME /var/lib/permdex
# Not loopback, so a key must be configured: permdex refuses to start without.
ENV PERMDEX__HTTP__LISTEN=0.0.0.0:8080 PERMDEX__DATA_DIR=/var/lib/permdex PERMDEX__LOG__FORMAT=json
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["curl", "--fail", "--silent", "--show-error", "--output", "/dev/null", "http://127.0.0.1:8080/readyz"]
ENTRYPOINT ["permdex"]
CMD ["serve"]
