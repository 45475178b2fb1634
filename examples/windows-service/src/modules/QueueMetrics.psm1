Set-StrictMode -Version Latest

function Get-QueueMetric {
    <#
    .SYNOPSIS
    Returns two gauges for each folder below Path, in the Prometheus text format.
    #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)] [string] $Path,
        [Parameter(Mandatory)] [string] $Prefix,
        [datetime] $Now = [datetime]::UtcNow
    )

    $lines = New-Object System.Collections.Generic.List[string]
    $lines.Add("# TYPE ${Prefix}_files gauge")
    $lines.Add("# TYPE ${Prefix}_oldest_seconds gauge")

    foreach ($folder in Get-ChildItem -Path $Path -Directory | Sort-Object -Property Name) {
        $files = @(Get-ChildItem -Path $folder.FullName -File)
        $oldest = 0
        if ($files.Count -gt 0) {
            $first = ($files | Sort-Object -Property LastWriteTimeUtc)[0]
            $oldest = [int] ($Now - $first.LastWriteTimeUtc).TotalSeconds
        }
        $lines.Add("${Prefix}_files{folder=`"$($folder.Name)`"} $($files.Count)")
        $lines.Add("${Prefix}_oldest_seconds{folder=`"$($folder.Name)`"} $oldest")
    }

    ($lines -join "`n") + "`n"
}

Export-ModuleMember -Function Get-QueueMetric
