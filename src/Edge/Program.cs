var app = WebApplication.CreateSlimBuilder(args).Build();
app.Run(c => c.Response.WriteAsync("hi"));
var s = new FASTER.core.FasterLogSettings("/tmp/xx");
using var l = new FASTER.core.FasterLog(s);
l.Enqueue(new byte[10]); l.Commit(true);
app.Run();
