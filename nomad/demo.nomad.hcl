# The services of the demo on Nomad, registered in Nomad itself: words, capitalizer and simon, who calls both through the gateway of
# his node (gateway.nomad.hcl). No Consul is needed. Another version of words begins as a canary:
#
#   nomad job run -var checkout=/opt/fairlead nomad/demo.nomad.hcl
#   nomad job run -var checkout=/opt/fairlead -var version=v2 nomad/demo.nomad.hcl
#   nomad job promote fairlead-demo

variable "checkout" {
  type        = string
  default     = "/opt/fairlead"
  description = "A checkout of Fairlead on the clients, after npm ci."
}

variable "version" {
  type        = string
  default     = "v1"
  description = "The version of words."
}

variable "http_port" {
  type        = number
  default     = 8080
  description = "Port of the gateway on each client."
}

variable "datacenters" {
  type    = list(string)
  default = ["*"]
}

job "fairlead-demo" {
  type        = "service"
  datacenters = var.datacenters

  # Short, so that there is something to see; a service of yours may want longer.
  update {
    min_healthy_time = "2s"
  }

  group "words" {
    count = 2

    # One of a new version beside the old ones, until `nomad job promote`.
    update {
      canary       = 1
      max_parallel = 1
    }

    # Short as well.
    restart {
      delay = "2s"
    }

    network {
      port "http" {}
    }

    task "words" {
      driver = "raw_exec"
      # Nomad stops listing it first, then it is asked to end.
      shutdown_delay = "5s"
      kill_signal    = "SIGTERM"

      # In the task: of a group's service Nomad would go on listing an instance that crashed.
      service {
        name        = "words"
        provider    = "nomad"
        port        = "http"
        tags        = ["stable"]
        canary_tags = ["canary"]

        check {
          type     = "tcp"
          interval = "5s"
          timeout  = "2s"
        }
      }

      config {
        command = "${var.checkout}/node_modules/.bin/node"
        args    = ["${var.checkout}/examples/demo/service.ts", "words", "--host", "${NOMAD_IP_http}", "--port", "${NOMAD_PORT_http}", "--version", var.version]
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

    task "capitalizer" {
      driver = "raw_exec"
      # Nomad stops listing it first, then it is asked to end.
      shutdown_delay = "5s"
      kill_signal    = "SIGTERM"

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

    task "simon" {
      driver = "raw_exec"
      # Nomad stops listing it first, then it is asked to end.
      shutdown_delay = "5s"
      kill_signal    = "SIGTERM"

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

      config {
        command = "${var.checkout}/node_modules/.bin/node"
        args    = ["${var.checkout}/examples/demo/service.ts", "simon", "--host", "${NOMAD_IP_http}", "--port", "${NOMAD_PORT_http}", "--gateway", "${var.http_port}"]
      }

      resources {
        cpu    = 50
        memory = 128
      }
    }
  }
}
