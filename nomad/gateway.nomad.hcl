# The gateway on every client: a system job. Services of the same node reach it at 127.0.0.1:8080.
#
#   nomad var put -force nomad/jobs/fairlead routes=@nomad/routes.yaml
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

variable "http_port" {
  type        = number
  default     = 8080
  description = "Port of the gateway on each client."
}

variable "admin_port" {
  type        = number
  default     = 9990
  description = "Port of the admin server, on loopback of each client."
}

job "fairlead" {
  type        = "system"
  datacenters = var.datacenters

  # One client at a time, the next after a pause in which the first has drained and begun anew. For a system job Nomad goes by
  # the clock alone, whatever became of the one before.
  update {
    max_parallel = 1
    stagger      = "45s"
  }

  group "gateway" {
    network {
      port "http" {
        static = var.http_port
      }
      port "admin" {
        static = var.admin_port
      }
    }

    # A gateway that cannot start is tried again for ever.
    restart {
      attempts = 5
      interval = "5m"
      delay    = "5s"
      mode     = "delay"
    }

    # Where the last good endpoints are kept: it outlives the allocation, so a new version starts with them while Nomad's API
    # cannot be reached.
    ephemeral_disk {
      size    = 300
      sticky  = true
      migrate = false
    }

    task "fairlead" {
      driver = var.driver

      # Nomad stops listing this gateway first, then the gateway drains: whoever found it there has gone elsewhere by then.
      shutdown_delay = "5s"
      kill_signal    = "SIGTERM"
      # Longer than drainTimeout below, within the client's max_kill_timeout (30s unless raised).
      kill_timeout = "25s"

      service {
        name     = "fairlead"
        provider = "nomad"
        port     = "http"
        tags     = ["gateway"]

        # Of the port: the admin server listens on loopback, where checks do not go, and a route would be the table's to keep.
        check {
          type     = "tcp"
          interval = "5s"
          timeout  = "2s"
        }
      }

      config {
        command = var.fairlead
        args    = ["run", "${NOMAD_TASK_DIR}/fairlead.yaml"]
      }

      # Who the gateway is to Nomad, in ${NOMAD_SECRETS_DIR}/nomad_token, which it reads before each question. With ACLs on, it
      # needs a policy with read-job (README.md).
      identity {
        file = true
      }

      # `$${…}` is for Fairlead, which reads the environment itself. The routes are in a variable of Nomad: when it changes, Nomad
      # writes the file anew, and Fairlead, which watches it, takes it without a restart.
      template {
        destination = "local/fairlead.yaml"
        change_mode = "noop"
        # Nomad would wait 5 s for further changes.
        wait {
          min = "200ms"
          max = "2s"
        }
        data = <<-YAML
          listen: $${NOMAD_PORT_http}
          admin: { port: '$${NOMAD_PORT_admin}' }
          workers: 2 # with the main process some 270 MB
          drainTimeout: 20s
          stateDir: '$${NOMAD_ALLOC_DIR}/data'
          registries:
            # The agent of this client, through the socket that Nomad gives to each task: no address, no certificates.
            nomad:
              address: 'unix:$${NOMAD_SECRETS_DIR}/api.sock'
              tokenFile: '$${NOMAD_SECRETS_DIR}/nomad_token'
          {{ with nomadVar "nomad/jobs/fairlead" }}{{ .routes }}{{ end }}
        YAML
      }

      resources {
        cpu    = 500
        memory = 512
      }
    }
  }
}
