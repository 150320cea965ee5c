#!/bin/sh
# Makes a CA, a certificate for localhost and one for the client simon, in certificates/ beside this file. For trying only.
set -eu
cd "$(dirname "$0")"
mkdir -p certificates
cd certificates
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=fairlead-example-ca -keyout ca.key -out ca.pem
sign() { # NAME SUBJECT-ALTERNATIVE-NAMES
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
  printf 'subjectAltName=%s\n' "$2" >"$1.ext"
  openssl x509 -req -days 30 -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -extfile "$1.ext" -out "$1.pem"
  rm "$1.csr" "$1.ext"
}
sign server DNS:localhost,IP:127.0.0.1
sign simon URI:spiffe://example/simon
