variable "PYTHON" {
  default = "3.13"
}

group "default" {
  targets = ["base", "report"]
}

target "base" {
  context    = "."
  dockerfile = "base.Dockerfile"
  args = {
    PYTHON = PYTHON
  }
  tags = ["python-job-base"]
}

# FROM python-job-base is the target above, not an image from a registry
target "report" {
  context = "report"
  contexts = {
    python-job-base = "target:base"
  }
  tags = ["sales-report"]
}
