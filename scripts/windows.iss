; The Windows installer, from dist\kws-app: ISCC.exe /DVersion=0.2.0 scripts\windows.iss
; It installs for a single user, without administrator's rights. Nobody has tried it on Windows yet.
#ifndef Version
  #define Version "0.0.0"
#endif

[Setup]
AppName=kws-app
AppVersion={#Version}
AppPublisher=the kws contributors
DefaultDirName={autopf}\kws-app
DefaultGroupName=kws-app
PrivilegesRequired=lowest
LicenseFile=..\LICENSE
OutputDir=..\dist
OutputBaseFilename=kws-app-windows-x86_64
Compression=lzma2
SolidCompression=yes
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
CloseApplications=yes

[Files]
Source: "..\dist\kws-app\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[Icons]
Name: "{group}\kws-app"; Filename: "{app}\kws-app.exe"

[Run]
Filename: "{app}\kws-app.exe"; Description: "Open kws-app"; Flags: nowait postinstall skipifsilent
