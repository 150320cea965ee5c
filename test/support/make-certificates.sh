#!/usr/bin/env bash
# Makes the certificates of test/fixtures/tls/engine anew, valid for a hundred years: two authorities, servers by name, clients by URI.
set -eu
cd "$(dirname "$0")/../fixtures/tls/engine"
authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj "/CN=$1" -keyout "$1-key.pem" -out "$1.pem" 2>/dev/null
}
# issue NAME AUTHORITY SUBJECT-ALTERNATIVE-NAMES (lines of an openssl section)
issue() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$1-key.pem" -out request.pem 2>/dev/null
  printf 'subjectAltName=@names\n[names]\n%b\n' "$3" > extensions.cnf
  openssl x509 -req -in request.pem -CA "$2.pem" -CAkey "$2-key.pem" -days 36500 -set_serial "0x$(openssl rand -hex 8)" -extfile extensions.cnf -out "$1.pem" 2>/dev/null
  rm request.pem extensions.cnf
}
# expired NAME AUTHORITY SUBJECT-ALTERNATIVE-NAMES: valid on one day of 2020
expired() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$1-key.pem" -out request.pem 2>/dev/null
  printf 'subjectAltName=@names\n[names]\n%b\n' "$3" > extensions.cnf
  book=$(mktemp -d)
  touch "$book/index"
  printf '[ca]\ndefault_ca=book\n[book]\ndatabase=%s/index\nnew_certs_dir=%s\nrand_serial=yes\ndefault_md=sha256\npolicy=names\n[names]\ncommonName=supplied\n' "$book" "$book" > "$book/ca.cnf"
  openssl ca -batch -notext -config "$book/ca.cnf" -cert "$2.pem" -keyfile "$2-key.pem" -in request.pem -extfile extensions.cnf -startdate 20200101000000Z -enddate 20200102000000Z -out "$1.pem" 2>/dev/null
  rm -r request.pem extensions.cnf "$book"
}
authority ca
authority other-ca
issue alpha ca 'DNS.1=alpha.test\nIP.1=127.0.0.1'
issue beta ca 'DNS.1=beta.test\nDNS.2=*.wild.test'
issue renewed ca 'DNS.1=alpha.test\nDNS.2=renewed.test'
issue client ca 'URI.1=spiffe://dc1/svc/simon'
# One URI that reads like three names to whoever splits the list at its commas.
issue forger ca 'URI.1=spiffe://dc1/x, URI:spiffe://dc1/svc/simon, y'
issue stranger other-ca 'URI.1=spiffe://dc1/svc/simon'
expired expired ca 'IP.1=127.0.0.1'
issue elsewhere other-ca 'IP.1=127.0.0.1'
