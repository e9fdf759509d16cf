# One file, one target per binary: control-plane, node, sample-origin, cli.
#   docker build --target node -t orangery-node .

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
ENV SQLX_OFFLINE=true
RUN cargo build --release --locked \
      --bin orangery --bin orangery-control-plane --bin orangery-node --bin orangery-sample-origin \
 && mkdir -p /out/state /out/secrets /out/tokens /out/enrolment /out/database-password /out/origin \
 && for name in orangery orangery-control-plane orangery-node orangery-sample-origin; do \
      install -m 0755 target/release/$name /out/$name; done

# The `orangery` command is in every image: health checks and `orangery doctor` need it where there is no shell.
FROM gcr.io/distroless/cc-debian12:nonroot AS base
COPY --from=build /out/orangery /usr/local/bin/orangery
# Empty folders with the right owner, so that fresh volumes mounted there can be written.
COPY --from=build --chown=65532:65532 /out/state /var/lib/orangery
COPY --from=build --chown=65532:65532 /out/secrets /run/orangery/secrets
COPY --from=build --chown=65532:65532 /out/tokens /run/orangery/tokens
COPY --from=build --chown=65532:65532 /out/enrolment /run/orangery/enrolment
COPY --from=build --chown=65532:65532 /out/database-password /run/orangery/database-password
COPY --from=build --chown=65532:65532 /out/origin /run/orangery/origin

FROM base AS control-plane
COPY --from=build /out/orangery-control-plane /usr/local/bin/orangery-control-plane
EXPOSE 8080 9443
ENTRYPOINT ["/usr/local/bin/orangery-control-plane"]

FROM base AS node
COPY --from=build /out/orangery-node /usr/local/bin/orangery-node
EXPOSE 8443 8000
ENTRYPOINT ["/usr/local/bin/orangery-node"]

FROM base AS sample-origin
COPY --from=build /out/orangery-sample-origin /usr/local/bin/orangery-sample-origin
EXPOSE 50051 50052
ENTRYPOINT ["/usr/local/bin/orangery-sample-origin"]

FROM base AS cli
ENTRYPOINT ["/usr/local/bin/orangery"]
