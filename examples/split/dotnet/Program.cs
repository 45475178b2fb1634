// How fast is that: GET /pace?km=10&minutes=50

var app = WebApplication.CreateBuilder(args).Build();
var races = app.Configuration.GetSection("Races").Get<Dictionary<string, double>>() ?? new Dictionary<string, double>();

app.UseDefaultFiles();
app.UseStaticFiles();

app.MapGet("/pace", (double km, double minutes) =>
{
    if (km <= 0 || minutes <= 0)
    {
        return Results.BadRequest("km and minutes have to be positive");
    }
    var pace = TimeSpan.FromMinutes(minutes / km);
    var finish = races.ToDictionary(race => race.Key, race => Clock(pace * race.Value));
    return Results.Ok(new { MinutesPerKm = Clock(pace), Finish = finish });
});

app.Run();

static string Clock(TimeSpan time) => time.ToString(@"h\:mm\:ss");
