# The gateway on every client: a system job. Services of the same node reach it at 127.0.0.1:8080.
#
#   nomad job run -var fairlead=/usr/local/bin/fairlead nomad/gateway.nomad.hcl

variable "fairlead" {
  type        = string
  default     = "/usr/local/bin/fairlead"
  description = "Path of the fairlead command on the clients."
}

variable "driver" {
  type        = string
  default     = "raw_exec"
  description = "raw_exec, or exec where the client isolates tasks."
}

variable "datacenters" {
  type    = list(string)
  default = ["*"]
}

job "fairlead" {
  type        = "system"
  datacenters = var.datacenters

  # One client at a time, and only while it stays healthy.
  update {
    max_parallel     = 1
    min_healthy_time = "10s"
    healthy_deadline = "2m"
  }

  group "gateway" {
    network {
      port "http" {
        static = 8080
      }
      port "admin" {
        static = 9990
      }
    }

    # A gateway that cannot start is tried again with growing pauses; it keeps its last good routes and endpoints on disk.
    restart {
      attempts = 5
      interval = "5m"
      delay    = "5s"
      mode     = "delay"
    }

    # Where the last good routes and endpoints are kept: it outlives the task, so a new version starts with them while
    # Nomad's API cannot be reached.
    ephemeral_disk {
      size    = 300
      sticky  = true
      migrate = false
    }

    service {
      name     = "fairlead"
      provider = "nomad"
      port     = "http"
      tags     = ["gateway"]

      # The admin server listens on loopback, and checks go to the client's address: so the check is a route.
      check {
        type     = "http"
        path     = "/-/alive"
        interval = "5s"
        timeout  = "2s"
      }
    }

    task "fairlead" {
      driver = var.driver

      # Nomad stops listing this gateway first, then the gateway drains: nobody meets a closed port.
      shutdown_delay = "5s"
      kill_signal    = "SIGTERM"
      # Longer than drainTimeout below, within the client's max_kill_timeout (30s unless raised).
      kill_timeout = "25s"

      config {
        command = var.fairlead
        args    = ["run", "${NOMAD_TASK_DIR}/fairlead.yaml"]
      }

      # Who the gateway is to Nomad, in ${NOMAD_SECRETS_DIR}/nomad_token, which it reads before each question. With ACLs on, it
      # needs a policy with read-job (README.md).
      identity {
        file = true
      }

      env {
        STATE_DIR = "${NOMAD_ALLOC_DIR}/data"
      }

      # `$${…}` is for Fairlead, which reads the environment itself. Fairlead watches the file, so Nomad need not restart
      # anything when the template changes.
      template {
        destination = "local/fairlead.yaml"
        change_mode = "noop"
        data        = <<-YAML
          listen: 8080
          drainTimeout: 20s
          stateDir: '$${STATE_DIR}'
          registries:
            # The agent of this client, through the socket that Nomad gives to each task: no address, no certificates.
            nomad:
              address: 'unix:$${NOMAD_SECRETS_DIR}/api.sock'
              tokenFile: '$${NOMAD_SECRETS_DIR}/nomad_token'
          services:
            words:
              from: nomad/words
              subsets: { v1: { tags: v1 }, v2: { tags: v2 } }
          routes:
            - name: alive
              match: GET /-/alive
              respond: { body: "ok\n" }
            - name: words-for-testers
              match: { host: words.local, path: /**, headers: { x-user: /^tester-/ } }
              to: words/v2
            - name: words
              match: words.local/**
              to: [{ service: words/v1, weight: 90% }, { service: words/v2, weight: 10% }]
              retry: { attempts: 2, on: [connect, reset, 5xx] }
            - name: capitalizer
              match: capitalizer.local/**
              to: nomad/capitalizer
            - name: simon
              match: simon.local/**
              to: nomad/simon
        YAML
      }

      resources {
        cpu    = 500
        memory = 512
      }
    }
  }
}
