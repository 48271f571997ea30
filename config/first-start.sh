#!/bin/sh
# What the services of compose.yaml need to trust one another: a certificate for HTTPS, the token with which Prometheus
# scrapes, passwords. It is made at the first start and stays; what is missing is made anew. Each secret lies in a volume of
# its own that only those mount who need it.
set -eu
umask 077
secrets=${SECRETS:-/secrets}

random() {
    head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'
}

# keep FILE COMMAND...: the file holds what the command says, from the first time on.
keep() {
    file=$secrets/$1
    shift
    [ -s "$file" ] && return
    "$@" > "$file.new"
    mv "$file.new" "$file"
}

# A token that is not in force any more is worth nothing.
chargewatch token list | grep -Eq "^prometheus-[^ ]+ +metrics +active" || rm -f "$secrets/prometheus/token"
keep prometheus/token chargewatch token add "prometheus-$(random | cut -c 1-8)" --role metrics
keep influxdb/token random
keep influxdb/password random
keep grafana/password random
chargewatch self-signed --name chargewatch --name localhost --name 127.0.0.1 \
    --certificate "$secrets/chargewatch/certificate.pem" --key "$secrets/chargewatch/key.pem"
cp "$secrets/influxdb/token" "$secrets/chargewatch/influx-token"
cp "$secrets/influxdb/token" "$secrets/grafana/influx-token"
cp "$secrets/chargewatch/certificate.pem" "$secrets/prometheus/certificate.pem"

# To the accounts that the images run as.
if [ "$(id -u)" -eq 0 ]; then
    chown -R 10001:10001 "$CHARGEWATCH_STORE__DATA_DIR" "$secrets/chargewatch"
    chown -R 65534:65534 "$secrets/prometheus"
    chown -R 1000:1000 "$secrets/influxdb"
    chown -R 472:0 "$secrets/grafana"
fi
