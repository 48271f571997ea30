# Two stages: build with the locked dependencies, run as nobody in particular with nothing but the binary.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY config config
ARG CHARGEWATCH_COMMIT=unknown
ENV CHARGEWATCH_COMMIT=$CHARGEWATCH_COMMIT
RUN cargo build --release --locked --bin chargewatch && strip target/release/chargewatch

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --home-dir /data chargewatch && install -d -o chargewatch -g chargewatch -m 0700 /data
COPY --from=build /build/target/release/chargewatch /usr/local/bin/chargewatch
USER chargewatch
VOLUME /data
ENV CHARGEWATCH_STORE__DATA_DIR=/data
# Chargers. The reading side stays on the container's loopback unless you choose otherwise.
EXPOSE 9000
HEALTHCHECK --interval=30s --timeout=6s CMD ["chargewatch", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["chargewatch"]
CMD ["serve"]
