<#
.SYNOPSIS
Deploys Partner Center Connector to Azure Container Apps, from a machine with az. It does what deploy.sh does.

.DESCRIPTION
Deploys into a resource group of its own, which -Delete removes again. It can run again at any time: it keeps what is
there and changes what differs. docs/deploy/azure.md explains it.

.EXAMPLE
.\deploy.ps1 -Group connector -Location westeurope

.EXAMPLE
.\deploy.ps1 -Group connector -Delete
#>
[CmdletBinding()]
param(
    # Resource group; it is made if it does not exist.
    [Parameter(Mandatory)] [string] $Group,
    # Region, such as westeurope; needed the first time.
    [ValidatePattern('^[A-Za-z0-9 ]*$')] [string] $Location = '',
    # Name of the container app and beginning of its URL.
    [ValidatePattern('^[a-z][a-z0-9-]{0,22}[a-z0-9]$')] [string] $Name = 'connector',
    # Serve made-up data, without Partner Center; run again without it to go on.
    [switch] $Sandbox,
    # Use this app registration instead of making one.
    [ValidatePattern('^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$')] [string] $ClientId = '',
    # Make another API key with this name; the first one is called flows.
    [ValidatePattern('^[A-Za-z0-9._-]{0,64}$')] [string] $Key = '',
    # Number of instances; from 2 on they share one limit in a Valkey.
    [ValidateRange(0, 10)] [int] $Replicas = 0,
    # Prepare calls that need a signed-in user (single invoices and their PDF).
    [switch] $AppUser,
    # Your own host name, once it is bound to the app.
    [ValidatePattern('^[A-Za-z0-9.-]*$')] [string] $PublicHost = '',
    # Version to deploy.
    [ValidatePattern('^[0-9A-Za-z.-]+$')] [string] $Version = '0.2.0',
    # Folder for my-connector.json.
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
    switch -Wildcard ($Text) {
        '*MaxNumberOf*Environments*' { Stop-Script 1 @($quotaText, $quotaRemedy) }
        '*quota*' { Stop-Script 1 @($quotaText, $quotaRemedy) }
        '*Insufficient privileges*' { Stop-Script 1 $registerTexts }
        '*Authorization_RequestDenied*' { Stop-Script 1 $registerTexts }
        '*AuthorizationFailed*' { Stop-Script 1 $roleTexts }
        '*does not have authorization*' { Stop-Script 1 $roleTexts }
        '*RequestDisallowedByPolicy*' {
            Stop-Script 1 @('A policy of your organization does not allow this. Show the message above to whoever keeps it.')
        }
        '*LocationNotAvailable*' {
            Stop-Script 1 @('Container Apps is not offered in this region. Choose another -Location.')
        }
        '*az login*' { Stop-Script 1 @('Nobody is signed in. Run az login, or use Azure Cloud Shell.') }
    }
    Stop-Script 1 @('Azure did not accept a command; its message is above.',
        'What has been made so far stays: run this again when the cause is gone.')
}
$quotaText = 'The subscription has no room for another Container Apps environment in this region.'
$quotaRemedy = 'Choose another -Location, delete an environment, or ask for more in the portal under Quotas.'
$registerTexts = @('Your account may not register apps in Microsoft Entra ID.',
    'Ask an administrator to register one, as in docs/setup.md, step 1, and to give it the federated credential of',
    'docs/deploy/azure.md. Then run this again with -ClientId.')
$roleTexts = @('Your account may not do this in the subscription. You need the role Contributor on the subscription, or',
    'on the resource group, in which an owner has then registered the resource providers.')

# Invoke-Az runs az and returns what it prints, from JSON. If az fails, Invoke-Az explains why and ends the script.
function Invoke-Az {
    $ErrorActionPreference = 'Continue' # az writes warnings to standard error
    $errorFile = Join-Path $work 'error'
    $text = (& az @args --output json --only-show-errors 2> $errorFile) -join "`n"
    if ($LASTEXITCODE -ne 0) { Show-Explanation (Get-Content -Raw $errorFile) }
    if ($text) { (ConvertFrom-Json $text) | ForEach-Object { $_ } } # element by element in every version
}

# Find-Az is Invoke-Az for something that may not exist: it returns nothing if az fails.
function Find-Az {
    $ErrorActionPreference = 'Continue'
    $text = (& az @args --output json --only-show-errors 2> $null) -join "`n"
    if (($LASTEXITCODE -eq 0) -and $text) { (ConvertFrom-Json $text) | ForEach-Object { $_ } }
}

# Get-Value returns a property of an object, or nothing if it has none.
function Get-Value($Object, [string] $Property) {
    if (($null -ne $Object) -and ($Object.PSObject.Properties.Name -contains $Property)) { $Object.$Property }
}

function Confirm-Step([string] $Question) {
    if ($Yes) { return }
    if ((Read-Host "$Question [y/N]") -notmatch '^(y|yes)$') { Stop-Script 1 @('Nothing was changed.') }
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

function Get-PricingText {
    if ($Replicas -eq 1) {
        return 'about 4 to 6 USD a month for one instance that is idle most of the time, up to 20 if it never is.'
    }
    "about $($Replicas * 18 + 19) USD a month: an instance that talks to a Valkey is never billed as idle."
}

if ($Sandbox -and ($AppUser -or $ClientId -or $Key)) {
    Stop-Script 2 @('-Sandbox has an app, a user and an API key of its own: leave out -AppUser, -ClientId and -Key.')
}
if (-not (Get-Command az -ErrorAction SilentlyContinue)) {
    Stop-Script 1 @('az is not on this machine. Azure Cloud Shell (https://shell.azure.com) has it.')
}

# The folder has API key digests and secrets on their way to Azure.
$work = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
$null = New-Item -ItemType Directory $work
try {
    $account = Invoke-Az account show
    $exists = Invoke-Az group exists --name $Group
    $registered = ''
    $deployed = $null
    if ($exists) {
        $current = Invoke-Az group show --name $Group
        $registered = Get-Value (Get-Value $current 'tags') $tag
        if (-not $registered) {
            Stop-Script 1 @("The resource group $Group exists, and this script did not make it. Choose another -Group.")
        }
        if ($registered -notmatch $guid) { $registered = '' }
        $deployment = Find-Az deployment group show --resource-group $Group --name connector
        $deployed = Get-Value (Get-Value $deployment 'properties') 'parameters'
    }

    if ($Delete) {
        if (-not $exists) {
            Stop-Script 1 @("There is no resource group $Group in the subscription $($account.name).")
        }
        Write-Host "This deletes the resource group $Group in $($account.name) with everything in it."
        if ($registered) {
            Write-Host "It deletes the app registration $registered too. Remove the app in Partner Center yourself:"
            Write-Host 'gear, Account settings, App management.'
        }
        Confirm-Step 'Delete?'
        if ($registered -and (Find-Az ad app show --id $registered)) { Invoke-Az ad app delete --id $registered }
        Invoke-Az group delete --name $Group --yes
        Write-Host 'Deleted.'
        return
    }

    # What the parameters do not say stays as it was deployed before.
    $previous = @{}
    foreach ($parameter in 'replicas', 'publicHost', 'clientId', 'appUser') {
        $previous[$parameter] = Get-Value (Get-Value $deployed $parameter) 'value'
    }
    if ($Sandbox -and ($registered -or $previous.clientId)) {
        Stop-Script 1 @("The resource group $Group serves your own data. Choose another -Group for a sandbox.")
    }
    if ((-not $Location) -and $exists) { $Location = $current.location }
    if (-not $Location) { Stop-Script 2 @('-Location is needed the first time: a region, such as westeurope.') }
    if (-not $Replicas) { $Replicas = if ($previous.replicas) { $previous.replicas } else { 1 } }
    if (-not $PublicHost) { $PublicHost = "$($previous.publicHost)" }
    if (-not $ClientId) { $ClientId = if ($previous.clientId) { $previous.clientId } else { $registered } }
    if ($previous.appUser -in 'prepare', 'on') { $AppUser = $true }
    if ($AppUser -and ($Replicas -ne 1)) {
        Stop-Script 2 @('-AppUser works with one replica: several have not been tried with the file share.')
    }

    Write-Host "This deploys Partner Center Connector $Version"
    Write-Host "  to the subscription  $($account.name)"
    Write-Host "  in the tenant        $($account.tenantId)$(if (-not $Sandbox) { ' (it must be your partner tenant)' })"
    Write-Host "  as                   the container app $Name in the resource group $Group ($Location)"
    Write-Host ''
    Write-Host 'It makes a Container Apps environment, a container app and a managed identity.'
    if (-not $Sandbox) {
        Write-Host 'It registers an app in Microsoft Entra ID that trusts this identity: there is no secret.'
    }
    if ($Replicas -gt 1) { Write-Host "$Replicas instances share one limit in a Valkey, a second container app." }
    if ($AppUser) {
        Write-Host 'A storage account with a file share keeps the refresh token of a signed-in user.'
    }
    Write-Host ''
    Write-Host "Price: $(Get-PricingText)"
    Write-Host "Undo:  .\deploy.ps1 -Group $Group -Delete"
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
    $apps = @(Invoke-Az resource list --resource-group $Group --resource-type Microsoft.App/containerApps)
    if ($apps | Where-Object { $_.name -eq $Name }) {
        $appUrl = "$($cloud.endpoints.resourceManager.TrimEnd('/'))$groupPath/providers/Microsoft.App/containerApps/$Name"
        $secrets = Invoke-Az rest --method post --url "$appUrl/listSecrets?api-version=2026-01-01"
        foreach ($secret in $secrets.value) { $kept[$secret.name] = $secret.value }
    }

    $keysFile = Join-Path $work 'keys'
    $madeKey = ''
    if (-not $Sandbox) {
        Write-Step 'Managed identity and app registration'
        $null = Invoke-Az identity create --resource-group $Group --name $Name --location $Location
        $subject = (Invoke-Az identity show --resource-group $Group --name $Name).principalId

        if ($registered -and ($ClientId -eq $registered)) { # it may have been deleted since
            $ClientId = "$(Get-Value (Find-Az ad app show --id $registered) 'appId')"
        }
        if (-not $ClientId) {
            $ClientId = (Invoke-Az ad app create --display-name "Partner Center Connector ($Group)" --sign-in-audience AzureADMyOrg).appId
            $null = Invoke-Az tag update --resource-id $groupPath --operation merge --tags "$tag=$ClientId"
            Write-Host "Registered the app $ClientId"
        }
        if (-not (Find-Az ad sp show --id $ClientId)) { $null = Invoke-Az ad sp create --id $ClientId }

        $audience = switch ($cloud.name) {
            'AzureUSGovernment' { 'api://AzureADTokenExchangeUSGov' }
            'AzureChinaCloud' { 'api://AzureADTokenExchangeChina' }
            default { 'api://AzureADTokenExchange' }
        }
        $credentialFile = Join-Path $work 'credential.json'
        $credential = @{
            name      = $Name
            issuer    = "$($cloud.endpoints.activeDirectory.TrimEnd('/'))/$($account.tenantId)/v2.0"
            subject   = $subject
            audiences = @($audience)
        }
        [IO.File]::WriteAllText($credentialFile, (ConvertTo-Json $credential))
        $trusted = @(Invoke-Az ad app federated-credential list --id $ClientId) | Where-Object { $_.name -eq $Name }
        if (-not $trusted) {
            $null = Invoke-Az ad app federated-credential create --id $ClientId --parameters "@$credentialFile"
        } elseif ($trusted.subject -ne $subject) {
            $null = Invoke-Az ad app federated-credential update --id $ClientId --federated-credential-id $Name --parameters "@$credentialFile"
        }

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
            Write-Host 'Keep it: only its SHA-256 digest goes to Azure.'
        } else {
            Write-Host 'Kept the keys that are there. -Key NAME makes another.'
        }
    }

    $user = 'off'
    if ($AppUser) {
        $user = 'prepare'
        $storage = @(Find-Az storage account list --resource-group $Group) | Select-Object -First 1
        if ($storage) {
            $stored = Find-Az storage file exists --account-name $storage.name --share-name state --path refresh-token
            if (Get-Value $stored 'exists') { $user = 'on' }
        }
    }

    Write-Step 'Container app (this takes 2 to 5 minutes the first time)'
    $parameters = @{
        name       = @{ value = $Name }
        location   = @{ value = $Location }
        version    = @{ value = $Version }
        sandbox    = @{ value = [bool] $Sandbox }
        tenantId   = @{ value = $account.tenantId }
        clientId   = @{ value = $ClientId }
        publicHost = @{ value = $PublicHost }
        replicas   = @{ value = $Replicas }
        appUser    = @{ value = $user }
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

    Write-Step "Waiting for $url/readyz"
    for ($i = 0; ; $i++) {
        try {
            $null = Invoke-WebRequest -UseBasicParsing -TimeoutSec 10 "$url/readyz"
            break
        } catch {
            if ($i -ge 60) {
                Stop-Script 1 @('The service does not answer after 5 minutes. Its log:',
                    "  az containerapp logs show --resource-group $Group --name $Name --tail 50")
            }
            Start-Sleep -Seconds 5
        }
    }
    Write-Host 'It is ready.'

    $null = New-Item -ItemType Directory -Force $Out
    $definition = Join-Path $Out 'my-connector.json'
    $texts = if ($Sandbox) { @('--title', 'Partner Center CSP sandbox') } else { @() }
    & $Connector definition --host ([Uri] $url).Authority --sign-in api-key @texts --out $definition
    if ($LASTEXITCODE -ne 0) { Stop-Script 1 @("The definition cannot be written to $definition.") }

    $keyText = 'unchanged'
    if ($Sandbox) { $keyText = 'sandbox (public: anyone may use it, and it opens made-up data only)' }
    if ($madeKey) { $keyText = "$madeKey  (keep it: it is not stored anywhere)" }
    Write-Host "`nDone.`n"
    Write-Host "  URL         $url"
    Write-Host "  API key     $keyText"
    Write-Host "  definition  $definition`n"
    $import = 'Import the definition in Power Automate: Custom connectors, New custom connector, Import an OpenAPI file.'
    if ($Sandbox) {
        Write-Host $import
        Write-Host 'To go on with your own data, run the same command without -Sandbox. The URL stays.'
        return
    }
    Write-Host 'One step is left in Partner Center, which has no command for it. As a global administrator:'
    Write-Host '  1. Open https://partner.microsoft.com, the gear, Account settings, App management.'
    Write-Host "  2. Select Add existing app, and choose Partner Center Connector ($Group), $ClientId."
    Write-Host "`nThen let the service try everything that a call needs:"
    Write-Host "  az containerapp exec --resource-group $Group --name $Name --command `"/connector check`""
    Write-Host "`n$import"
    if ($user -eq 'prepare') {
        $storageName = $deployment.properties.outputs.storageAccount.value
        Write-Host "`nFor calls with a signed-in user, get a refresh token on a machine with a browser (docs/sign-in.md,"
        Write-Host 'App+User), then store it and run the same command again:'
        Write-Host "  az storage file upload --account-name $storageName --share-name state --source refresh-token --path refresh-token"
    }
} finally {
    Remove-Item -Recurse -Force $work
}
