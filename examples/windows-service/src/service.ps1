# Serves the number and the age of the files in each queue folder as Prometheus metrics.
[CmdletBinding()]
param(
    [string] $QueueDirectory = $env:QUEUE_DIR,
    [string] $SettingsFile = (Join-Path $PSScriptRoot 'config\settings.json')
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

Import-Module (Join-Path $PSScriptRoot 'modules\QueueMetrics.psm1')

$settings = Get-Content -Raw -Path $SettingsFile | ConvertFrom-Json

function Send-Text {
    param($Response, [int] $Status, [string] $Text)

    $bytes = [System.Text.Encoding]::UTF8.GetBytes($Text)
    $Response.StatusCode = $Status
    $Response.ContentType = 'text/plain; version=0.0.4; charset=utf-8'
    $Response.ContentLength64 = $bytes.Length
    $Response.OutputStream.Write($bytes, 0, $bytes.Length)
    $Response.Close()
}

$listener = New-Object System.Net.HttpListener
$listener.Prefixes.Add("http://+:$($settings.port)/")
$listener.Start()
Write-Host "queue metrics on port $($settings.port), watching $QueueDirectory"

try {
    while ($listener.IsListening) {
        $context = $listener.GetContext()
        try {
            switch ($context.Request.Url.AbsolutePath) {
                '/metrics' {
                    $text = Get-QueueMetric -Path $QueueDirectory -Prefix $settings.prefix
                    Send-Text $context.Response 200 $text
                }
                '/healthz' { Send-Text $context.Response 200 "ok`n" }
                default { Send-Text $context.Response 404 "not found`n" }
            }
        }
        catch {
            # A caller that hangs up must not end the service.
            Write-Warning $_.Exception.Message
            $context.Response.Abort()
        }
    }
}
finally {
    $listener.Close()
}
