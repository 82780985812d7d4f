<#
.SYNOPSIS
Deploys Partner Center Connector to Azure Container Apps, from a machine with az. It does what deploy.sh does.

.DESCRIPTION
Deploys into a resource group of its own, which -Delete removes again. It can run again at any time: it keeps what is
there and changes what differs. What a parameter does not say stays as it was at the last run, except -Sandbox and
-Version. https://github.com/partner-center/connector/blob/main/docs/deploy/azure.md explains it.

.EXAMPLE
.\deploy.ps1 -Group connector -Location westeurope

.EXAMPLE
.\deploy.ps1 -Group connector -SignIn 'api-key,entra' -Audience 'CLIENT-ID,api://CLIENT-ID'

.EXAMPLE
.\deploy.ps1 -Group connector -Delete
#>
[CmdletBinding(PositionalBinding = $false)]
param(
    # Resource group; it is made if it does not exist.
    [Parameter(Mandatory)] [ValidatePattern('^[A-Za-z0-9._-]{1,90}$')] [string] $Group,
    # Region, such as westeurope; needed the first time.
    [ValidatePattern('^[A-Za-z0-9 ]*$')] [string] $Location = '',
    # Name of the container app and beginning of its URL; connector the first time.
    [ValidatePattern('(?-i)^([a-z](-?[a-z0-9])+)?$')] [ValidateLength(0, 24)] [string] $Name = '',
    # Serve made-up data, without Partner Center; run again without it to go on.
    [switch] $Sandbox,
    # Use this app registration instead of making one.
    [ValidatePattern('^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$')] [string] $ClientId = '',
    # Make another API key with this name; the first one is called flows.
    [ValidatePattern('^[A-Za-z0-9._-]{0,64}$')] [string] $Key = '',
    # How makers sign in; api-key the first time.
    [ValidateSet('', 'api-key', 'entra', 'api-key,entra', 'caller', 'api-key,caller')] [string] $SignIn = '',
    # For entra: accepted audiences, separated by commas.
    [ValidatePattern('^[A-Za-z0-9:/.,_-]*$')] [string] $Audience = '',
    # For entra and caller: client IDs of the apps that may call, separated by commas.
    [ValidatePattern('^[0-9a-fA-F,-]*$')] [string] $AllowedClients = '',
    # Number of instances; from 2 on they share one limit in a Valkey.
    [ValidateRange(0, 10)] [int] $Replicas = 0,
    # Prepare calls that need a signed-in user (single invoices and their PDF).
    [switch] $AppUser,
    # No longer make calls as a signed-in user.
    [switch] $NoAppUser,
    # Your own host name, once it is bound to the app, or none.
    [ValidatePattern('^[A-Za-z0-9.-]*$')] [string] $PublicHost = '',
    # Version to deploy.
    [ValidatePattern('^[0-9A-Za-z.-]+$')] [string] $Version = '0.2.0',
    # Folder for my-connector.json and packages.
    [string] $Out = '.',
    # Use this connector instead of downloading one.
    [string] $Connector = '',
    # Use this template instead of downloading one.
    [string] $Template = '',
    # Do not ask.
    [switch] $Yes,
    # Remove everything that this script made.
    [switch] $Delete
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
if ($PSVersionTable.PSVersion.Major -lt 6) { [Net.ServicePointManager]::SecurityProtocol = 'Tls12' }
$releases = 'https://github.com/partner-center/connector/releases/download'
$guid = '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
$tag = 'partner-center-connector' # marks the group as this script's; has the client ID of the app that it registered

function Stop-Script([int] $Status, [string[]] $Lines) {
    foreach ($line in $Lines) { [Console]::Error.WriteLine("deploy.ps1: $line") }
    exit $Status
}

function Write-Step([string] $Text) { Write-Host "`n==> $Text" }

# Show-Explanation turns an error of Azure into what to do about it, and ends the script.
function Show-Explanation([string] $Text) {
    [Console]::Error.WriteLine($Text)
    switch -Wildcard ($Text -replace '\s+', '') { # Windows PowerShell breaks lines anywhere
        '*MaxNumberOf*Environments*' { Stop-Script 1 @($quotaText, $quotaRemedy) }
        '*quota*' { Stop-Script 1 @($quotaText, $quotaRemedy) }
        '*Insufficientprivileges*' { Stop-ForAdministrator }
        '*Authorization_RequestDenied*' { Stop-ForAdministrator }
        '*AuthorizationFailed*' { Stop-Script 1 $roleTexts }
        '*doesnothaveauthorization*' { Stop-Script 1 $roleTexts }
        '*RequestDisallowedByPolicy*' {
            Stop-Script 1 @('A policy of your organization does not allow this. Show the message above to an administrator.')
        }
        '*LocationNotAvailable*' {
            Stop-Script 1 @('Container Apps is not offered in this region. Choose another -Location.')
        }
        '*azlogin*' { Stop-Script 1 @('Nobody is signed in. Run az login, or use Azure Cloud Shell.') }
    }
    Stop-Script 1 @('Azure did not accept a command; its message is above.',
        'What has been made so far stays: run this again when the cause is gone.')
}
$quotaText = 'The subscription has no room for another Container Apps environment in this region.'
$quotaRemedy = 'Choose another -Location, delete an environment, or ask for more in the portal under Quotas.'
$roleTexts = @('Your account may not do this. It needs the role Contributor on the subscription.')

# Stop-ForAdministrator ends the script with what somebody else has to run, because this account may not.
function Stop-ForAdministrator {
    if (-not (Test-Path $appFile)) { Stop-Script 1 @('Your account may not read the directory. Ask an administrator.') }
    $id = if ($ClientId) { $ClientId } else { 'THE-ID-THAT-IS-PRINTED' }
    $lines = @('Your account may not register apps, or not change this one. Ask somebody with the role Application',
        'Administrator to run this in Azure Cloud Shell (Bash), in the same tenant:')
    if (-not $ClientId) {
        $body = [IO.File]::ReadAllText($appFile)
        $lines += "  az rest --method post --url $graph --body '$body' --query appId --output tsv"
    }
    $json = ([IO.File]::ReadAllText($credentialFile) | ConvertFrom-Json | ConvertTo-Json -Compress)
    $lines += "  az ad sp create --id $id"
    $lines += "  az ad app federated-credential create --id $id --parameters '$json'"
    $lines += "Then run this again, with the same parameters and -ClientId $id."
    Stop-Script 1 $lines
}

# Invoke-Az runs az and returns what it prints, from JSON. If az fails, Invoke-Az explains why and ends the script.
function Invoke-Az {
    $ErrorActionPreference = 'Continue' # az writes warnings to standard error
    $errorFile = Join-Path $work 'error'
    $text = (& az @args --output json --only-show-errors 2> $errorFile) -join "`n"
    if ($LASTEXITCODE -ne 0) { Show-Explanation (Get-Content -Raw $errorFile) }
    if ($text) { (ConvertFrom-Json $text) | ForEach-Object { $_ } } # element by element in every version
}

# Wait-Az is Invoke-Az for an app that is new: it takes a moment until all of Entra ID knows it.
function Wait-Az {
    $ErrorActionPreference = 'Continue'
    $errorFile = Join-Path $work 'error'
    for ($i = 0; $i -lt 24; $i++) {
        $null = & az @args --output json --only-show-errors 2> $errorFile
        if ($LASTEXITCODE -eq 0) { return }
        if ((Get-ErrorText) -notmatch $absent) { break }
        Start-Sleep -Seconds 5
    }
    Show-Explanation (Get-Content -Raw $errorFile)
}

# What Azure says, without white space, about something that does not exist, or that is too new.
$absent = 'NotFound|notfound|couldnotbefound|doesnotexist|doesnotreferenceavalid'

# Get-ErrorText returns the last error of az without white space, which Windows PowerShell puts anywhere.
function Get-ErrorText { "$(Get-Content -Raw (Join-Path $work 'error'))" -replace '\s+', '' }

# Find-Az is Invoke-Az for something that may not exist. It then returns nothing.
function Find-Az {
    $ErrorActionPreference = 'Continue'
    $errorFile = Join-Path $work 'error'
    $text = (& az @args --output json --only-show-errors 2> $errorFile) -join "`n"
    if ($LASTEXITCODE -ne 0) {
        if ((Get-ErrorText) -match $absent) { return }
        Show-Explanation (Get-Content -Raw $errorFile)
    }
    if ($text) { (ConvertFrom-Json $text) | ForEach-Object { $_ } }
}

# Get-Value returns a property of an object, or nothing if it has none.
function Get-Value($Object, [string] $Property) {
    if ($null -eq $Object) { return }
    $found = $Object.PSObject.Properties[$Property]
    if ($found) { $found.Value }
}

# Test-Readable reports whether this account may read an app registration.
function Test-Readable([string] $Id) {
    $ErrorActionPreference = 'Continue'
    $null = & az ad app show --id $Id --output json --only-show-errors 2> (Join-Path $work 'error')
    ($LASTEXITCODE -eq 0) -or ((Get-ErrorText) -notmatch 'Insufficientprivileges|Authorization_RequestDenied')
}

# Get-Revisions returns the names of the newest revision and of the newest that is ready, or nothing.
function Get-Revisions {
    $ErrorActionPreference = 'Continue'
    $text = (& az resource show --ids $appPath --api-version 2026-01-01 --output json --only-show-errors 2> $null) -join "`n"
    if (($LASTEXITCODE -ne 0) -or -not $text) { return }
    $properties = (ConvertFrom-Json $text).properties
    Get-Value $properties 'latestRevisionName'
    Get-Value $properties 'latestReadyRevisionName'
}

function Confirm-Step([string] $Question) {
    if ($Yes) { return }
    if ((Read-Host "$Question [y/N]") -notmatch '^(y|yes)$') { Stop-Script 1 @('Nothing was changed.') }
}

# Test-Url reports whether an address answers 200, or 403 because it is closed to this machine.
function Test-Url([string] $Url) {
    try {
        (Invoke-WebRequest -UseBasicParsing -TimeoutSec 10 $Url).StatusCode -eq 200
    } catch {
        $response = Get-Value $_.Exception 'Response'
        ($null -ne $response) -and ([int] $response.StatusCode -eq 403)
    }
}

# Get-ReleaseFile downloads a file of the release and compares it with the release's checksums.
function Get-ReleaseFile([string] $File) {
    $checksums = Join-Path $work 'checksums.txt'
    $path = Join-Path $work $File
    try {
        if (-not (Test-Path $checksums)) {
            Invoke-WebRequest -UseBasicParsing "$releases/v$Version/checksums.txt" -OutFile $checksums
        }
        Invoke-WebRequest -UseBasicParsing "$releases/v$Version/$File" -OutFile $path
    } catch {
        Stop-Script 1 @("$releases/v$Version/$File cannot be downloaded: $($_.Exception.Message)")
    }
    $line = Get-Content $checksums | Where-Object { ($_ -split '\s+')[1] -eq $File }
    if (($line -split '\s+')[0] -ne (Get-FileHash -Algorithm SHA256 $path).Hash) {
        Stop-Script 1 @("$File is not what the release says it is: its SHA-256 differs.")
    }
    $path
}

# Get-Connector downloads the connector for this machine and returns its path.
function Get-Connector {
    $arm = [Runtime.InteropServices.RuntimeInformation]::OSArchitecture -eq 'Arm64'
    $processor = if ($arm) { 'arm64' } else { 'amd64' }
    if (($PSVersionTable.PSVersion.Major -ge 6) -and -not $IsWindows) {
        $system = if ($IsMacOS) { 'darwin' } else { 'linux' }
        tar -xzf (Get-ReleaseFile "connector_${Version}_${system}_$processor.tar.gz") -C $work connector
        return Join-Path $work 'connector'
    }
    Expand-Archive (Get-ReleaseFile "connector_${Version}_windows_$processor.zip") -DestinationPath $work -Force
    Join-Path $work 'connector.exe'
}

# Get-Checksum returns the line of checksums.txt for a file: its SHA-256 and its path in the folder. Of a file that
# cannot be read it returns a line without SHA-256.
function Get-Checksum([IO.FileInfo] $File, [string] $Folder) {
    $hash = Get-FileHash -Algorithm SHA256 -LiteralPath $File.FullName -ErrorAction SilentlyContinue
    "$("$(Get-Value $hash 'Hash')".ToLowerInvariant())  .$($File.FullName.Substring($Folder.Length).Replace('\', '/'))"
}

$marker = '# Written by deploy.sh or deploy.ps1 of Partner Center Connector, which replace this folder.'

# Find-Foreign returns the first path in a folder that is not in the folder's checksums.txt or has other content, or the
# folder itself if it has a checksums.txt of somebody else. It returns nothing for an empty folder, or none.
function Find-Foreign([string] $Folder) {
    $root = Get-Item -Force -LiteralPath $Folder -ErrorAction SilentlyContinue
    if (-not $root) { return }
    if ((-not $root.PSIsContainer) -or (Get-Value $root 'LinkType')) { return $Folder }
    $checksums = Join-Path $root.FullName 'checksums.txt'
    $lines = @(if (Test-Path -LiteralPath $checksums -PathType Leaf) { Get-Content -LiteralPath $checksums })
    $isLink = Get-Value (Get-Item -Force -LiteralPath $checksums -ErrorAction SilentlyContinue) 'LinkType'
    if ((Get-ChildItem -Force -LiteralPath $root.FullName) -and ($isLink -or ($lines -cnotcontains $marker))) { return $Folder }
    foreach ($item in Get-ChildItem -Recurse -Force -LiteralPath $root.FullName) {
        if (-not (Get-Value $item 'LinkType')) {
            if ($item.PSIsContainer -or ($item.FullName -eq $checksums)) { continue }
            if ($lines -ccontains (Get-Checksum $item $root.FullName)) { continue }
        }
        return Join-Path $Folder $item.FullName.Substring($root.FullName.Length + 1)
    }
}

# Write-Packages writes the packages in place of those of an earlier run. It deletes only files that are as that run
# wrote them. If it writes nothing, it returns the reason, which begins with "not written" for a failure: the service
# runs, and what is left to do is printed all the same.
function Write-Packages([string[]] $Options) {
    $ErrorActionPreference = 'Continue' # the connector writes warnings to standard error
    & $Connector package --help *> $null
    if ($LASTEXITCODE -ne 0) { return 'none: this connector is too old to write them' }
    $foreign = Find-Foreign $packages
    if ($foreign) {
        return "not replaced: $foreign is not as this script wrote it.`n" +
            "              Rename or remove $packages, and the next run writes them anew."
    }
    $errors = @(& $Connector package --form all --out $fresh @Options 2>&1 |
            Where-Object { $_ -is [Management.Automation.ErrorRecord] } | ForEach-Object { "$_" })
    $failed = $LASTEXITCODE -ne 0
    # The contact and the look have no option here, and the import asks for the client ID.
    $errors -notmatch '^connector: warning: the (contact|look|client ID) ' |
        ForEach-Object { [Console]::Error.WriteLine($_) }
    if ($failed) { return 'not written: see above' }
    $ErrorActionPreference = 'Stop'
    try { Switch-Packages } catch {
        [Console]::Error.WriteLine("deploy.ps1: $_")
        return 'not written: see above'
    }
}

# Switch-Packages lists the checksums of the fresh packages and puts them in the place of the old ones, which it deletes
# last: whatever fails, one of the two is there.
function Switch-Packages {
    $root = (Get-Item -LiteralPath $fresh).FullName
    $lines = Get-ChildItem -Recurse -File -LiteralPath $root | ForEach-Object { Get-Checksum $_ $root }
    $text = ((@($marker) + $lines) -join "`n") + "`n"
    Set-Content -NoNewline -Encoding Ascii -LiteralPath (Join-Path $root 'checksums.txt') -Value $text
    $old = "$root.old"
    if (Test-Path -LiteralPath $packages) { Move-Item -LiteralPath $packages -Destination $old }
    try { Move-Item -LiteralPath $root -Destination $packages } catch {
        if (Test-Path -LiteralPath $old) { Move-Item -LiteralPath $old -Destination $packages }
        throw
    }
    if (Test-Path -LiteralPath $old) {
        try { Remove-Item -Recurse -Force -LiteralPath $old } catch {
            [Console]::Error.WriteLine("Remove $old, which holds the packages of before.")
        }
    }
}

function Get-PricingText {
    if ($Replicas -eq 1) {
        return '4 to 6 USD a month for one instance that is idle most of the time, up to 20 if it never is.'
    }
    "about $($Replicas * 18 + 18) USD a month: an instance that talks to a Valkey is never billed as idle."
}

if ($Sandbox -and ($AppUser -or $ClientId -or $Key -or $SignIn -or $Audience -or $AllowedClients)) {
    Stop-Script 2 @('-Sandbox has an app, a user and an API key of its own: leave out parameters about sign-in.')
}
if ($Connector -and -not (Test-Path $Connector)) { Stop-Script 2 @('-Connector takes a file that exists.') }
if ($Template -and -not (Test-Path $Template)) { Stop-Script 2 @('-Template takes a file that exists.') }
if (-not (Get-Command az -ErrorAction SilentlyContinue)) {
    Stop-Script 1 @('az is not on this machine. Azure Cloud Shell (https://shell.azure.com) has it.')
}

# The folder has API key digests and secrets on their way to Azure.
$work = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
$null = New-Item -ItemType Directory $work
if (($PSVersionTable.PSVersion.Major -ge 6) -and -not $IsWindows) { chmod 700 $work }
$credentialFile = Join-Path $work 'credential.json'
$appFile = Join-Path $work 'app.json'
$appName = "Partner Center Connector ($Group)"
$packages = Join-Path $Out 'packages'
$fresh = Join-Path $Out "packages.$([Guid]::NewGuid())"
try {
    $account = Invoke-Az account show
    $exists = Invoke-Az group exists --name $Group
    $registered = ''
    $deployed = $null
    $apps = @()
    if ($exists) {
        $current = Invoke-Az group show --name $Group
        $registered = Get-Value (Get-Value $current 'tags') $tag
        if (-not $registered) {
            Stop-Script 1 @("The resource group $Group exists, and this script did not make it. Choose another -Group.")
        }
        if ($registered -notmatch $guid) { $registered = '' }
        $deployment = Find-Az deployment group show --resource-group $Group --name connector
        $deployed = Get-Value (Get-Value $deployment 'properties') 'parameters'
        $apps = @(Invoke-Az resource list --resource-group $Group --resource-type Microsoft.App/containerApps |
                ForEach-Object { $_.name })
        if ((-not $deployed) -and $apps -and (-not $Name) -and (-not $Delete)) {
            Stop-Script 1 (@("The deployment connector is gone from the history of $Group, and with it what was chosen before.",
                    'Say it again: -Name, which is one of these, and every other parameter that you have used.') + $apps)
        }
    }

    if ($Delete) {
        if (-not $exists) {
            Stop-Script 1 @("There is no resource group $Group in the subscription $($account.name).")
        }
        Write-Host "This deletes the resource group $Group in $($account.name) with everything in it. Flows that use it fail from then on."
        if ($registered) {
            Write-Host "It deletes the app registration $registered too. Remove the app in Partner Center yourself:"
            Write-Host 'gear, Account settings, App management.'
        }
        Confirm-Step 'Delete?'
        $left = ''
        if ($registered) {
            $ErrorActionPreference = 'Continue'
            $null = & az ad app delete --id $registered --only-show-errors 2> (Join-Path $work 'error')
            $ErrorActionPreference = 'Stop'
            if (($LASTEXITCODE -ne 0) -and ((Get-ErrorText) -notmatch $absent)) { $left = Get-Content -Raw (Join-Path $work 'error') }
        }
        Invoke-Az group delete --name $Group --yes
        Write-Host 'Deleted.'
        if ($left) {
            Stop-Script 1 @("The app registration could not be deleted: $left",
                "Let somebody who may run: az ad app delete --id $registered")
        }
        return
    }

    # What the parameters do not say stays as it was deployed before.
    $previous = @{}
    foreach ($parameter in 'name', 'version', 'sandbox', 'clientId', 'signIn', 'audience', 'allowedClients', 'publicHost',
        'replicas', 'appUser', 'image', 'storeImage', 'logs', 'location') {
        $previous[$parameter] = Get-Value (Get-Value $deployed $parameter) 'value'
    }
    if ($previous.name -and $Name -and ($Name -ne $previous.name)) {
        Stop-Script 1 @("The resource group $Group has the app $($previous.name). Choose another -Group for $Name.")
    }
    if (-not $Name) { $Name = if ($previous.name) { $previous.name } else { 'connector' } }
    $real = $registered -or $previous.clientId -or ($previous.version -and -not $previous.sandbox)
    if ($Sandbox -and $real) {
        Stop-Script 1 @("The resource group $Group serves your own data. Choose another -Group for a sandbox.")
    }
    if (-not $Location) { $Location = "$($previous.location)" }
    if ((-not $Location) -and $exists) { $Location = $current.location }
    if (-not $Location) { Stop-Script 2 @('-Location is needed the first time: a region, such as westeurope.') }
    if (-not $Replicas) { $Replicas = if ($previous.replicas) { $previous.replicas } else { 1 } }
    if (-not $PublicHost) { $PublicHost = "$($previous.publicHost)" }
    if ($PublicHost -eq 'none') { $PublicHost = '' }
    if (-not $SignIn) { $SignIn = if ($previous.signIn) { $previous.signIn } else { 'api-key' } }
    if (-not $Audience) { $Audience = "$($previous.audience)" }
    if (-not $AllowedClients) { $AllowedClients = "$($previous.allowedClients)" }
    $image = if ($previous.image) { $previous.image } else { 'ghcr.io/partner-center/connector' }
    $logs = if ($previous.logs) { $previous.logs } else { 'none' }
    if ((-not $ClientId) -and -not $Sandbox) { $ClientId = if ($previous.clientId) { $previous.clientId } else { $registered } }
    if ($previous.appUser -in 'prepare', 'on') { $AppUser = $true }
    if ($NoAppUser) { $AppUser = $false }
    if (($SignIn -like '*entra*') -and -not $Audience) {
        Stop-Script 2 @("-SignIn $SignIn needs -Audience: the client ID of the app that makers sign in to, and its api:// URI.")
    }
    if ($AppUser -and ($Replicas -ne 1)) {
        Stop-Script 2 @('-AppUser works with one replica: several have not been tried with the file share.')
    }

    $keysAccepted = (-not $Sandbox) -and ($SignIn -like '*api-key*')
    $ownCredential = (-not $Sandbox) -and ($SignIn -ne 'caller')
    if ($Sandbox) { $SignIn = 'api-key' }

    $before = if ($previous.version) { " in place of $($previous.version)" } else { '' }
    $domain = Get-Value $account 'tenantDefaultDomain'
    Write-Host "This deploys Partner Center Connector $Version$before"
    Write-Host "  to the subscription  $($account.name)"
    Write-Host "  in the tenant        $(if ($domain) { "$domain, " })$($account.tenantId)"
    Write-Host "  as                   the container app $Name in the resource group $Group ($Location)"
    Write-Host ''
    if ($previous.version) {
        Write-Host 'It keeps what is there, and makes what is missing.'
        if ($previous.sandbox -and -not $Sandbox) { Write-Host 'It turns the sandbox into a service for your own data.' }
    } else {
        Write-Host 'It makes a Container Apps environment, a container app and a managed identity.'
    }
    if ($ownCredential) {
        if (-not $ClientId) {
            Write-Host 'It registers an app in Microsoft Entra ID that trusts this identity: there is no secret.'
        }
        Write-Host 'The tenant must be your partner tenant. If it is another one, stop, and run az login --tenant first.'
    }
    if ($Replicas -gt 1) {
        Write-Host "$Replicas instances share one limit in a Valkey, a small Redis, in a second container app."
    }
    if ($AppUser) {
        Write-Host 'A storage account with a file share keeps the refresh token of a signed-in user.'
    }
    Write-Host ''
    Write-Host "Price: $(Get-PricingText)"
    if ($AppUser) { Write-Host '       The storage account costs less than 1 USD.' }
    Write-Host "Undo:  powershell -ExecutionPolicy Bypass -File deploy.ps1 -Group $Group -Delete"
    Confirm-Step 'Go on?'

    Write-Step 'Resource providers'
    $providers = @('Microsoft.App', 'Microsoft.ManagedIdentity')
    if ($AppUser) { $providers += 'Microsoft.Storage' }
    foreach ($provider in $providers) {
        if ((Invoke-Az provider show --namespace $provider).registrationState -ne 'Registered') {
            Write-Host "Registering $provider, which can take minutes"
            $null = Invoke-Az provider register --namespace $provider --wait
        }
    }

    Write-Step 'Resource group'
    if (-not $exists) { $null = Invoke-Az group create --name $Group --location $Location --tags "$tag=made" }

    if (-not $Connector) {
        Write-Step "Connector $Version for this machine"
        $Connector = Get-Connector
    }
    if (-not $Template) { $Template = Get-ReleaseFile 'template.json' }

    # The secrets of the app that is deployed, if there is one.
    $groupPath = "/subscriptions/$($account.id)/resourceGroups/$Group"
    $cloud = Invoke-Az cloud show
    $kept = @{}
    $appPath = "$groupPath/providers/Microsoft.App/containerApps/$Name"
    $domains = @()
    $restrictions = @()
    if ($apps -contains $Name) {
        $secrets = Invoke-Az rest --method post --url "$($cloud.endpoints.resourceManager.TrimEnd('/'))$appPath/listSecrets?api-version=2026-01-01"
        foreach ($secret in $secrets.value) { $kept[$secret.name] = $secret.value }
        $ingress = (Invoke-Az resource show --ids $appPath --api-version 2026-01-01).properties.configuration.ingress
        $domains = @(Get-Value $ingress 'customDomains' | Where-Object { $_ })
        $restrictions = @(Get-Value $ingress 'ipSecurityRestrictions' | Where-Object { $_ })
    }

    $keysFile = Join-Path $work 'keys'
    $madeKey = ''
    if ($ownCredential) {
        Write-Step 'Managed identity and app registration'
        $groupRegion = (Invoke-Az group show --name $Group).location
        $null = Invoke-Az identity create --resource-group $Group --name $Name --location $groupRegion
        $subject = (Invoke-Az identity show --resource-group $Group --name $Name).principalId
        $authority, $exchange = switch ($cloud.name) {
            'AzureUSGovernment' { 'https://login.microsoftonline.us', 'api://AzureADTokenExchangeUSGov' }
            'AzureChinaCloud' { 'https://login.partner.microsoftonline.cn', 'api://AzureADTokenExchangeChina' }
            default { 'https://login.microsoftonline.com', 'api://AzureADTokenExchange' }
        }
        $graph = "$($cloud.endpoints.microsoftGraphResourceId.TrimEnd('/'))/v1.0/applications"
        [IO.File]::WriteAllText($appFile, "{`"displayName`": `"$appName`", `"signInAudience`": `"AzureADMyOrg`"}")
        [IO.File]::WriteAllText($credentialFile, (ConvertTo-Json @{
                    name      = "connector-$subject"
                    issuer    = "$authority/$($account.tenantId)/v2.0"
                    subject   = $subject
                    audiences = @($exchange)
                }))

        if ($registered -and ($ClientId -eq $registered)) { # it may have been deleted since
            $ClientId = "$(Get-Value (Find-Az ad app show --id $registered) 'appId')"
        }
        if (-not $ClientId) {
            # Not az ad app create, which updates any app of this name.
            $ClientId = (Invoke-Az rest --method post --url $graph --body "@$appFile").appId
            Write-Host "Registered the app $ClientId (if this stops now, go on with -ClientId $ClientId)"
            $null = Invoke-Az tag update --resource-id $groupPath --operation merge --tags "$tag=$ClientId"
            $registered = $ClientId
        }
        if (($ClientId -ne $registered) -and -not (Test-Readable $ClientId)) {
            Write-Host "Your account may not read the app $ClientId. It must have a service principal and this federated credential:"
            Write-Host ([IO.File]::ReadAllText($credentialFile))
        } else {
            if (-not (Find-Az ad sp show --id $ClientId)) { Wait-Az ad sp create --id $ClientId }
            $subjects = @(Find-Az ad app federated-credential list --id $ClientId | ForEach-Object { $_.subject })
            if ($subjects -notcontains $subject) {
                Wait-Az ad app federated-credential create --id $ClientId --parameters "@$credentialFile"
            }
        }
    }

    if ($keysAccepted) {
        Write-Step 'API key'
        if ($kept['api-keys'] -and ($kept['api-keys'] -ne '# none')) {
            [IO.File]::WriteAllText($keysFile, $kept['api-keys'].TrimEnd("`n") + "`n")
        } elseif (-not $Key) {
            $Key = 'flows'
        }
        if ($Key) {
            $ErrorActionPreference = 'Continue' # the connector writes a note to standard error
            $madeKey = & $Connector keys add $Key --api-keys-file $keysFile 2> $null
            $ErrorActionPreference = 'Stop'
            if ($LASTEXITCODE -ne 0) { Stop-Script 1 @("The API key cannot be made: $Connector does not run.") }
            Write-Host "Made a key with the name ${Key}: $madeKey"
            Write-Host 'It works once this script has ended well. Only its SHA-256 digest goes to Azure.'
        } else {
            Write-Host 'Kept the keys that are there. -Key NAME makes another.'
        }
    }

    $user = 'off'
    if ($AppUser) {
        $user = if ($previous.appUser -eq 'on') { 'on' } else { 'prepare' }
        $storage = @(Invoke-Az storage account list --resource-group $Group) | Select-Object -First 1
        if ($storage -and ($user -eq 'prepare')) {
            $stored = Find-Az storage file exists --account-name $storage.name --share-name state --path refresh-token
            if (Get-Value $stored 'exists') { $user = 'on' }
        }
    }

    Write-Step 'Container app (this takes 2 to 5 minutes the first time)'
    $parameters = @{
        name       = @{ value = $Name }
        location   = @{ value = $Location }
        image      = @{ value = $image }
        version    = @{ value = $Version }
        sandbox    = @{ value = [bool] $Sandbox }
        tenantId   = @{ value = $account.tenantId }
        clientId   = @{ value = $ClientId }
        signIn     = @{ value = $SignIn }
        audience   = @{ value = $Audience }
        publicHost = @{ value = $PublicHost }
        replicas   = @{ value = $Replicas }
        appUser    = @{ value = $user }
        logs       = @{ value = $logs }

        allowedClients = @{ value = $AllowedClients }
        customDomains  = @{ value = $domains }

        ipSecurityRestrictions = @{ value = $restrictions }
    }
    # The template's own image is not kept: a new version may change it.
    if ($previous.storeImage -and ($previous.storeImage -notlike 'docker.io/valkey/valkey:*')) {
        $parameters.storeImage = @{ value = $previous.storeImage }
    }
    # A secret that is not passed on would get a new value.
    if ($kept['link-secret']) { $parameters.linkSecret = @{ value = $kept['link-secret'] } }
    if ($kept['redis-url'] -match '^redis://:(.+)@') { $parameters.storePassword = @{ value = $Matches[1] } }
    if (Test-Path $keysFile) { $parameters.apiKeys = @{ value = [IO.File]::ReadAllText($keysFile) } }
    $parametersFile = Join-Path $work 'parameters.json'
    [IO.File]::WriteAllText($parametersFile, (ConvertTo-Json -Depth 5 @{
                '$schema'      = 'https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#'
                contentVersion = '1.0.0.0'
                parameters     = $parameters
            }))
    $deployment = Invoke-Az deployment group create --resource-group $Group --name connector --template-file $Template --parameters "@$parametersFile"
    $url = $deployment.properties.outputs.url.value
    if ($PublicHost) { $url = "https://$PublicHost" }

    Write-Step "Waiting until $url is ready"
    $isReady = $false
    for ($i = 0; ($i -lt 60) -and -not $isReady; $i++) {
        if ($i) { Start-Sleep -Seconds 5 }
        $newest, $ready = Get-Revisions
        $isReady = $newest -and ($newest -eq $ready) -and (Test-Url "$url/readyz")
    }
    if (-not $isReady) {
        Stop-Script 1 @('The service is not ready yet. Its log, and a look at the address:',
            "  az containerapp logs show --resource-group $Group --name $Name --tail 50", "  curl.exe -v $url/readyz")
    }
    Write-Host 'It is ready.'
    if (($Replicas -eq 1) -and ($apps -contains "$Name-store")) { # of an earlier run with several instances
        $null = Invoke-Az resource delete --ids "$appPath-store"
    }

    $null = New-Item -ItemType Directory -Force $Out
    $definition = Join-Path $Out 'my-connector.json'
    $options = @('--host', ([Uri] $url).Authority)
    $tenantOption = @()
    if ($Sandbox) {
        $options += '--sign-in', 'api-key', '--title', 'Partner Center CSP sandbox'
    } elseif ($keysAccepted) {
        $options += '--sign-in', 'api-key'
    } else {
        $options += '--sign-in', $SignIn
        if ($Audience) { $options += '--audience', $Audience }
        $tenantOption = @('--tenant-id', $account.tenantId)
    }
    & $Connector definition --out $definition @options @tenantOption
    if ($LASTEXITCODE -ne 0) { Stop-Script 1 @("The definition cannot be written to $definition.") }
    if ((-not $Sandbox) -and (-not $keysAccepted) -and ($AllowedClients -match '^[0-9A-Fa-f-]{36}$')) {
        $options += '--connector-client-id', $AllowedClients # the only app that makers may come through
    }
    $unwritten = Write-Packages $options
    $status = if ("$unwritten".StartsWith('not written')) { 1 } else { 0 }

    Write-Host "`nDone.`n"
    Write-Host "  URL         $url"
    if ($Sandbox) {
        Write-Host '  API key     sandbox (public: anyone may use it, and it opens made-up data only)'
    } elseif ($madeKey) {
        Write-Host "  API key     $madeKey  (keep it: it is not stored anywhere)"
    } elseif ($keysAccepted) {
        Write-Host '  API key     unchanged'
    }
    Write-Host "  definition  $definition"
    Write-Host "  packages    $(if ($unwritten) { $unwritten } else { $packages })`n"
    $import = 'Import the definition in Power Automate: Custom connectors, New custom connector, Import an OpenAPI file.'
    if (-not $unwritten) {
        $solution = Join-Path $packages 'solution/PartnerCenterConnector.zip'
        $import = "For Power Automate, Power Apps and Copilot Studio import $solution" +
            " under Solutions; for Logic Apps deploy $(Join-Path $packages 'arm/azuredeploy.json')."
    }
    if ($Sandbox) {
        Write-Host $import
        Write-Host 'To go on with your own data, run the same command without -Sandbox. The URL stays.'
        exit $status
    }
    if (-not $keysAccepted) {
        $import += "`n   Makers sign in with their accounts, which takes some steps after the import:" +
            "`n   https://github.com/partner-center/connector/blob/main/docs/power-platform.md#after-the-import-with-entra-id"
    }
    Write-Host "What is left, unless you have done it before:`n"
    if ($ownCredential) {
        Write-Host '1. As a global administrator open https://partner.microsoft.com, the gear, Account settings, App management.'
        Write-Host "   Select Add existing app, and choose $appName, $ClientId."
    } else {
        Write-Host '1. Partner Center needs nothing: makers sign in to it themselves.'
    }
    Write-Host '2. Let the service try everything that a call needs:'
    Write-Host "   az containerapp exec --resource-group $Group --name $Name --command /check"
    Write-Host "3. $import"
    if ($user -eq 'prepare') {
        $storageName = $deployment.properties.outputs.storageAccount.value
        Write-Host "`nFor calls with a signed-in user, get a refresh token on a machine with a browser:"
        Write-Host '  https://github.com/partner-center/connector/blob/main/docs/deploy/azure.md'
        Write-Host 'Then store it, and run the same command again:'
        Write-Host "  az storage file upload --account-name $storageName --share-name state --source refresh-token --path refresh-token"
    }
    exit $status
} finally {
    Remove-Item -Force -ErrorAction SilentlyContinue (Join-Path $work '*.json'), (Join-Path $work 'keys')
    Remove-Item -Recurse -Force -ErrorAction SilentlyContinue -LiteralPath $fresh
    Remove-Item -Recurse -Force -ErrorAction SilentlyContinue $work # a scanner may hold the program
}
