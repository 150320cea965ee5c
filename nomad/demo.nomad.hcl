# The services of the demo on Nomad, registered in Nomad itself: words (v1 and a canary v2), capitalizer and simon, who calls both
# through the gateway of his node (gateway.nomad.hcl). No Consul is needed.
#
#   nomad job run -var checkout=/opt/fairlead nomad/demo.nomad.hcl

variable "checkout" {
  type        = string
  default     = "/opt/fairlead"
  description = "A checkout of Fairlead on the clients, after npm ci."
}

variable "datacenters" {
  type    = list(string)
  default = ["*"]
}

job "fairlead-demo" {
  type        = "service"
  datacenters = var.datacenters

  group "words-v1" {
    count = 2

    network {
      port "http" {}
    }

    service {
      name     = "words"
      provider = "nomad"
      port     = "http"
      tags     = ["v1"]

      check {
        type     = "tcp"
        interval = "5s"
        timeout  = "2s"
      }
    }

    task "words" {
      driver = "raw_exec"
      # Nomad stops listing it first, then it is asked to end.
      shutdown_delay = "5s"
      kill_signal    = "SIGTERM"

      config {
        command = "${var.checkout}/node_modules/.bin/node"
        args    = ["${var.checkout}/examples/demo/service.ts", "words", "--host", "${NOMAD_IP_http}", "--port", "${NOMAD_PORT_http}", "--version", "v1"]
      }

      resources {
        cpu    = 50
        memory = 128
      }
    }
  }

  group "words-v2" {
    count = 1

    network {
      port "http" {}
    }

    service {
      name     = "words"
      provider = "nomad"
      port     = "http"
      tags     = ["v2"]

      check {
        type     = "tcp"
        interval = "5s"
        timeout  = "2s"
      }
    }

    task "words" {
      driver = "raw_exec"
      # Nomad stops listing it first, then it is asked to end.
      shutdown_delay = "5s"
      kill_signal    = "SIGTERM"

      config {
        command = "${var.checkout}/node_modules/.bin/node"
        args    = ["${var.checkout}/examples/demo/service.ts", "words", "--host", "${NOMAD_IP_http}", "--port", "${NOMAD_PORT_http}", "--version", "v2, the canary"]
      }

      resources {
        cpu    = 50
        memory = 128
      }
    }
  }

  group "capitalizer" {
    count = 1

    network {
      port "http" {}
    }

    service {
      name     = "capitalizer"
      provider = "nomad"
      port     = "http"

      check {
        type     = "tcp"
        interval = "5s"
        timeout  = "2s"
      }
    }

    task "capitalizer" {
      driver = "raw_exec"
      # Nomad stops listing it first, then it is asked to end.
      shutdown_delay = "5s"
      kill_signal    = "SIGTERM"

      config {
        command = "${var.checkout}/node_modules/.bin/node"
        args    = ["${var.checkout}/examples/demo/service.ts", "capitalizer", "--host", "${NOMAD_IP_http}", "--port", "${NOMAD_PORT_http}"]
      }

      resources {
        cpu    = 50
        memory = 128
      }
    }
  }

  group "simon" {
    count = 1

    network {
      port "http" {}
    }

    service {
      name     = "simon"
      provider = "nomad"
      port     = "http"

      check {
        type     = "tcp"
        interval = "5s"
        timeout  = "2s"
      }
    }

    task "simon" {
      driver = "raw_exec"
      # Nomad stops listing it first, then it is asked to end.
      shutdown_delay = "5s"
      kill_signal    = "SIGTERM"

      config {
        command = "${var.checkout}/node_modules/.bin/node"
        args    = ["${var.checkout}/examples/demo/service.ts", "simon", "--host", "${NOMAD_IP_http}", "--port", "${NOMAD_PORT_http}", "--gateway", "8080"]
      }

      resources {
        cpu    = 50
        memory = 128
      }
    }
  }
}
